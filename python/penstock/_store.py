"""A manifest as a read-only tree of files."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from types import TracebackType
from typing import TYPE_CHECKING, Any

from penstock import _arguments, _native
from penstock._calls import OnEvent, on_event_of, variables_of
from penstock._errors import UsageError
from penstock._stream import Stream

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def split_url(url: str) -> tuple[str, str]:
    """Manifest and key of penstock://MANIFEST!KEY, whose scheme may be left out."""
    manifest, mark, key = url.removeprefix("penstock://").partition("!")
    if not mark:
        raise UsageError("a key's URL is penstock://MANIFEST!KEY", code="bad_argument")
    return manifest, key


@dataclass(frozen=True)
class FileInfo:
    """A key of a store.

    Attributes:
        path: the key as it was asked for.
        name: its last segment, without parameters.
        size: bytes; 0 until the manifest's cache holds the file.
        modified_at: UTC; the first moment of year 1 until then.
        materialized: whether the cache holds it.
    """

    path: str
    name: str
    size: int
    modified_at: datetime
    materialized: bool

    @classmethod
    def _of(cls, facts: tuple[str, str, int, int, bool]) -> FileInfo:
        return cls(facts[0], facts[1], facts[2], _EPOCH + timedelta(microseconds=facts[3]), facts[4])


@dataclass(frozen=True)
class FolderInfo:
    """A folder of a store: files at any depth, the bytes and the last time of those that the cache holds."""

    path: str
    file_count: int
    total_size: int
    modified_at: datetime | None


class StoreReader(io.RawIOBase):
    """A key's file, whole and on disk under no name, to be read in any order; Store.open() gives it behind a buffer.

    One thread at a time. It is independent of its store, and may be read after that is closed. After close() every method
    but close() raises UsageError, a ValueError; OutputError if the disk fails.
    """

    def __init__(self, file: _native.StoreFile) -> None:
        super().__init__()
        self._file: _native.StoreFile | None = file

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._open_file().size

    def _open_file(self) -> _native.StoreFile:
        if self._file is None:
            raise UsageError("I/O operation on closed file", code="file_closed")
        return self._file

    def close(self) -> None:
        """Gives the file's space on disk back. May be called again."""
        self._file = None
        super().close()

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """The position, in bytes from the beginning."""
        return self._open_file().tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Moves the position.

        Args:
            offset: bytes from `whence`; past the end is no error, there is nothing to read there.
            whence: io.SEEK_SET (the beginning), SEEK_CUR (the position) or SEEK_END (the end).

        Returns:
            The new position, in bytes from the beginning.

        Raises:
            UsageError: another `whence`, or a position before the beginning.
        """
        file = self._open_file()
        if whence not in (io.SEEK_SET, io.SEEK_CUR, io.SEEK_END):
            raise UsageError("whence is io.SEEK_SET, SEEK_CUR or SEEK_END", code="bad_argument")
        start = {io.SEEK_SET: 0, io.SEEK_CUR: file.tell(), io.SEEK_END: file.size}[whence]
        file.seek(start + offset)
        return file.tell()

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Reads into a buffer from the position on.

        Args:
            buffer: writable and contiguous, a bytearray for one.

        Returns:
            Bytes read: fewer than the buffer has only at the end of the file, 0 there.

        Raises:
            OutputError: the disk failed.
        """
        view = memoryview(buffer).cast("B")
        got = self._open_file().read(len(view))
        view[: len(got)] = got
        return len(got)


class Store:
    """A manifest as files that are made from their queries when they are read.

    Args:
        manifest: the manifest's path.
        variables, on_event: as of penstock.read().

    Raises:
        RecipeError: the manifest. CapabilityNotSupported: strict: false and nothing to discover.

    A key's errors: NotFound (KeyError, FileNotFoundError), InvalidPath, UnavailableError and what penstock.read() raises.

    Threads: any number at once; each read has a connection of its own, at most the manifest's `connections` together; those
    of rows() are beside them. The GIL is given away; Ctrl-C stops the query.
    """

    def __init__(
        self,
        manifest: str | os.PathLike[str],
        *,
        variables: Mapping[str, str] | None = None,
        on_event: OnEvent | None = None,
    ) -> None:
        path = _arguments.path(manifest, "manifest")
        self._open(_native.read_text(path), path, variables, on_event)

    @classmethod
    def of_queries(
        cls,
        queries: Mapping[str, Any],
        *,
        dsn_env: str,
        name: str = "store",
        variables: Mapping[str, str] | None = None,
        on_event: OnEvent | None = None,
        **manifest: Any,
    ) -> Store:
        """A store without a file.

        Args:
            queries: SQL by key, or what a manifest has under a key: {"query": ..., "parameters": ...}.
            dsn_env: the environment variable that holds the DSN.
            name: in messages.
            variables, on_event: as of penstock.read().
            **manifest: further keys of a manifest, as docs/reference/store.md has them.

        Raises:
            as Store().
        """
        store = cls.__new__(cls)
        content = {"name": name, "dsn_env": dsn_env, **manifest, "queries": _arguments.mapping(queries, "queries")}
        try:
            text = json.dumps(content, ensure_ascii=False)
        except (TypeError, ValueError) as error:  # an object, or a mapping that holds itself
            raise UsageError(f"a manifest cannot hold this: {error}", code="bad_argument") from None
        store._open(text, "", variables, on_event)
        return store

    def _open(
        self, text: str, file: str, variables: Mapping[str, str] | None, on_event: OnEvent | None
    ) -> None:
        self._store = _native.StoreHandle(text, file, variables_of(variables), on_event_of(on_event))

    @property
    def name(self) -> str:
        """The manifest's name."""
        return self._store.name

    @property
    def templates(self) -> Sequence[str]:
        """Keys with a parameter that a reader must give: {name} in the path, or ?name=value behind it. Never listed."""
        return self._store.templates()

    # ---- looking ----

    def list_files(self, folder: str = "", *, recursive: bool = False, max_depth: int | None = None) -> list[FileInfo]:
        """Files of a folder.

        Args:
            folder: its path; "" is the root.
            recursive: files at any depth, not only directly in it.
            max_depth: with `recursive`, at most so many folders deep.

        Returns:
            A FileInfo each, sorted by path. Keys that need a parameter are in `templates`, not here.

        Raises:
            NotFound, InvalidPath: the folder.
            and, where views are discovered, what penstock.read() raises.
        """
        if max_depth is not None and not isinstance(max_depth, int):
            raise _arguments.wrong("max_depth", "a whole number", max_depth)
        files = self._store.list_files(_arguments.text(folder, "folder"), bool(recursive), max_depth)
        return [FileInfo._of(facts) for facts in files]

    def list_folders(self, folder: str = "") -> list[str]:
        """Paths of the folders directly in a folder, sorted.

        Args:
            folder: its path; "" is the root.

        Raises:
            as list_files().
        """
        return self._store.list_folders(_arguments.text(folder, "folder"))

    def glob(self, pattern: str) -> list[FileInfo]:
        """Files that match a pattern, sorted by path.

        Args:
            pattern: *, ?, [abc], [!abc] within a segment, ** for any number of whole ones.

        Raises:
            InvalidPath: it is no pattern.
            and, where views are discovered, what penstock.read() raises.
        """
        return [FileInfo._of(facts) for facts in self._store.glob(_arguments.text(pattern, "pattern"))]

    def get_file_info(self, key: str) -> FileInfo:
        """What is known of a key without reading it.

        Args:
            key: with its parameters, if it has any.

        Raises:
            NotFound, InvalidPath: the key.
        """
        return FileInfo._of(self._store.file_info(_arguments.text(key, "key")))

    def get_folder_info(self, folder: str) -> FolderInfo:
        """What is known of a folder.

        Args:
            folder: its path; "" is the root.

        Raises:
            NotFound, InvalidPath: the folder.
        """
        path, count, size, modified = self._store.folder_info(_arguments.text(folder, "folder"))
        return FolderInfo(path, count, size, None if modified is None else _EPOCH + timedelta(microseconds=modified))

    def exists(self, path: str) -> bool:
        """Whether there is a file or a folder of this path.

        Args:
            path: of either.

        Raises:
            where views are discovered, what penstock.read() raises.
        """
        return self.is_file(path) or self.is_folder(path)

    def is_file(self, path: str) -> bool:
        """Whether there is a file of this path.

        Args:
            path: a key, with its parameters, if it has any.

        Raises:
            as exists().
        """
        return self._store.is_file(_arguments.text(path, "path"))

    def is_folder(self, path: str) -> bool:
        """Whether there is a folder of this path.

        Args:
            path: "" is the root.

        Raises:
            as exists().
        """
        return self._store.is_folder(_arguments.text(path, "path"))

    # ---- reading ----

    def open(self, key: str) -> io.BufferedReader:
        """A key's file in the format of its extension, whole, to be read in any order.

        The query has run when this returns. Its rows go to disk as they come; memory does not grow with them.

        Args:
            key: with its parameters, if it has any.

        Returns:
            A binary file with a buffer of 1 MiB over a StoreReader. Close it to give its space on disk back.

        Raises:
            NotFound, InvalidPath: the key. OutputError: the disk.
            and what penstock.read() raises.
        """
        return io.BufferedReader(self._reader(key), 1 << 20)

    def _reader(self, key: str) -> StoreReader:
        return StoreReader(self._store.read(_arguments.text(key, "key")))

    def read_bytes(self, key: str) -> bytes:
        """All bytes of a key's file, in memory.

        Args:
            key: with its parameters, if it has any.

        Raises:
            as open().
        """
        file = self._store.read(_arguments.text(key, "key"))
        return file.read(file.size)

    def rows(self, key: str) -> Stream:
        """A key's rows themselves, without a file between. Never from the cache.

        Args:
            key: with its parameters, if it has any.

        Returns:
            A Stream, as of penstock.read(), with a connection beside those that the manifest's `connections` counts.

        Raises:
            as open(), but OutputError.
        """
        return Stream(self._store.rows(_arguments.text(key, "key")))

    # ---- its end ----

    def check_health(self) -> None:
        """Raises UnavailableError if the database does not answer SELECT 1."""
        self._store.check_health()

    def close(self) -> None:
        """Every read from now on raises UsageError; reads that run come to their end. May be called again."""
        self._store.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return self._store.repr()
