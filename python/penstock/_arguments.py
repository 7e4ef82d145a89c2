"""Arguments as the module takes them; one of a wrong type is a UsageError that names it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from penstock._errors import UsageError


def wrong(name: str, wanted: str, value: object) -> UsageError:
    return UsageError(f"{name} is {wanted}, not {type(value).__name__}", code="bad_argument")


def text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise wrong(name, "a str", value)
    return value


def path(value: object, name: str) -> str:
    """Of a str or an os.PathLike; bytes are neither."""
    plain = value.__fspath__() if isinstance(value, os.PathLike) else value
    if not isinstance(plain, str):
        raise wrong(name, "a str or a path", value)
    return plain


def mapping(value: object, name: str) -> dict[Any, Any]:
    """A copy; empty of None."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise wrong(name, "a mapping", value)
    return dict(value)


def function(value: Any, name: str) -> Any:
    if value is not None and not callable(value):
        raise wrong(name, "a function", value)
    return value
