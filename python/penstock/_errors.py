"""The exceptions: one class a category of docs/reference/errors.md, each also the built-in that it naturally is."""

from __future__ import annotations

import builtins
from typing import Any

from penstock import _native

__all__ = [
    "CapabilityNotSupported",
    "ConfigurationError",
    "DataSourceError",
    "Error",
    "BrokenPipeError",
    "InterruptedError",
    "InvalidPath",
    "LimitError",
    "LockContestedError",
    "MissingExtraError",
    "NotFound",
    "OutputError",
    "RecipeError",
    "RefusedError",
    "TaskError",
    "TimeoutError",
    "UnavailableError",
    "UnexpectedError",
    "UsageError",
]


# The first category that has a class; some of a DataSourceError share one.
_KINDS = {name: (error_type, exit_code) for error_type, exit_code, name in reversed(_native.categories())}


class Error(Exception):
    """What every failure of Penstock is.

    str() is the message alone: what happened and where, never a DSN, a password or a parameter's value. A
    traceback shows the SQLSTATE and the hint below it.

    Attributes:
        message: one line, what happened and where.
        code: a stable lower_snake_case word, see docs/reference/errors.md.
        hint: what to do about it, or "".
        sqlstate: the server's five characters, or "".
        error_type: the documents' word for it, "DataSourceError" for one.
        exit_code: what the program `penstock` would exit with.
    """

    def __init__(
        self,
        message: str = "",
        *,
        code: str = "unexpected",
        hint: str = "",
        sqlstate: str = "",
        error_type: str | None = None,
        exit_code: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.hint = hint
        self.sqlstate = sqlstate
        kind = _KINDS.get(type(self).__name__, ("UnexpectedError", 1))
        self.error_type = kind[0] if error_type is None else error_type
        self.exit_code = kind[1] if exit_code is None else exit_code
        for name, note in (("sqlstate", sqlstate), ("hint", hint)):
            if note:
                self.add_note(f"{name}: {note}")

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.message, self.__dict__.copy())


def _rebuild(kind: type[Error], message: str, state: dict[str, Any]) -> Error:
    error = kind(message)
    error.__dict__.update(state)
    return error


class UnexpectedError(Error, RuntimeError):
    """A defect of Penstock, or a failure that nobody foresaw."""


class UsageError(Error, ValueError):
    """A call is wrong: an argument, or an object used after its end."""


class RecipeError(Error, ValueError):
    """A recipe file, its parameters or its declared columns."""


class TaskError(Error, ValueError):
    """A task file, its template, its inputs or its output schema."""


class NotFound(Error, KeyError, FileNotFoundError):
    """A store key that is not there."""


class InvalidPath(Error, ValueError):
    """A store key that cannot be."""


class CapabilityNotSupported(Error, NotImplementedError):
    """What this build, face or database does not have."""


class MissingExtraError(CapabilityNotSupported, ImportError):
    """A method needs a package that is not installed; the message names the extra."""


class DataSourceError(Error, RuntimeError):
    """The database refused, failed, or holds what cannot be read exactly."""


class UnavailableError(DataSourceError, ConnectionError):
    """The database could not be reached."""


class LimitError(DataSourceError):
    """A cap on rows or bytes was passed."""


class TimeoutError(DataSourceError, builtins.TimeoutError):
    """A deadline was passed."""


class RefusedError(DataSourceError, PermissionError):
    """The guard would not let us connect there, or run that."""


class OutputError(Error, OSError):
    """The output could not be written."""


class LockContestedError(Error, BlockingIOError):
    """Another run holds the output."""


class ConfigurationError(Error, ValueError):
    """An environment variable that Penstock itself obeys has a bad value."""


class InterruptedError(Error, builtins.InterruptedError):
    """The work was cancelled from another thread. Ctrl-C stays KeyboardInterrupt."""


class BrokenPipeError(Error, builtins.BrokenPipeError):
    """The reader of the output went away."""
