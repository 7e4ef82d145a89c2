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

from penstock import _native
from penstock._calls import OnEvent, _log_event
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
    """A key's file, whole, to be read in any order. One thread at a time."""

    def __init__(self, file: _native.StoreFile) -> None:
        super().__init__()
        self._file: _native.StoreFile | None = file

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._open_file().size

    def _open_file(self) -> _native.StoreFile:
        if self._file is None:
            raise ValueError("I/O operation on closed file")
        return self._file

    def close(self) -> None:
        """Gives the file's space back."""
        self._file = None
        super().close()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._open_file().tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        file = self._open_file()
        if whence not in (io.SEEK_SET, io.SEEK_CUR, io.SEEK_END):
            raise UsageError("whence is io.SEEK_SET, SEEK_CUR or SEEK_END", code="bad_argument")
        start = {io.SEEK_SET: 0, io.SEEK_CUR: file.tell(), io.SEEK_END: file.size}[whence]
        file.seek(start + offset)
        return file.tell()

    def readinto(self, buffer: WriteableBuffer) -> int:
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

    Threads: any number at once; each read has a connection of its own. The GIL is given away; Ctrl-C stops the query.
    """

    def __init__(
        self,
        manifest: str | os.PathLike[str],
        *,
        variables: Mapping[str, str] | None = None,
        on_event: OnEvent | None = None,
    ) -> None:
        path = os.fspath(manifest)
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
        """A store without a file: `queries` and further keys are as a manifest has them."""
        store = cls.__new__(cls)
        text = json.dumps({"name": name, "dsn_env": dsn_env, **manifest, "queries": dict(queries)}, ensure_ascii=False)
        store._open(text, "", variables, on_event)
        return store

    def _open(
        self, text: str, file: str, variables: Mapping[str, str] | None, on_event: OnEvent | None
    ) -> None:
        self._store = _native.StoreHandle(text, file, dict(variables or {}), on_event or _log_event)

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
        """Files in a folder, sorted; with `recursive` at any depth, or at most `max_depth` folders deep."""
        return [FileInfo._of(facts) for facts in self._store.list_files(folder, recursive, max_depth)]

    def list_folders(self, folder: str = "") -> list[str]:
        """Paths of the folders directly in a folder, sorted."""
        return self._store.list_folders(folder)

    def glob(self, pattern: str) -> list[FileInfo]:
        """Files that match: *, ?, [abc], [!abc] within a segment, ** for whole ones."""
        return [FileInfo._of(facts) for facts in self._store.glob(pattern)]

    def get_file_info(self, key: str) -> FileInfo:
        """What is known of a key without reading it."""
        return FileInfo._of(self._store.file_info(key))

    def get_folder_info(self, folder: str) -> FolderInfo:
        """What is known of a folder."""
        path, count, size, modified = self._store.folder_info(folder)
        return FolderInfo(path, count, size, None if modified is None else _EPOCH + timedelta(microseconds=modified))

    def exists(self, path: str) -> bool:
        """Whether there is a file or a folder of this path."""
        return self._store.is_file(path) or self._store.is_folder(path)

    def is_file(self, path: str) -> bool:
        """Whether there is a file of this path."""
        return self._store.is_file(path)

    def is_folder(self, path: str) -> bool:
        """Whether there is a folder of this path."""
        return self._store.is_folder(path)

    # ---- reading ----

    def open(self, key: str) -> io.BufferedReader:
        """A key's file in the format of its extension, whole, to be read in any order. Rows go to disk as they come;
        memory does not grow with them."""
        return io.BufferedReader(self._reader(key), 1 << 20)

    def _reader(self, key: str) -> StoreReader:
        return StoreReader(self._store.read(key))

    def read_bytes(self, key: str) -> bytes:
        """All bytes of a key's file."""
        file = self._store.read(key)
        return file.read(file.size)

    def rows(self, key: str) -> Stream:
        """A key's rows themselves, without a file between: as of penstock.read(). Never from the cache."""
        return Stream(self._store.rows(key))

    # ---- its end ----

    def check_health(self) -> None:
        """Raises UnavailableError if the database does not answer SELECT 1."""
        self._store.check_health()

    def close(self) -> None:
        """Every read from now on raises UsageError; reads that run come to their end."""
        self._store.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return self._store.repr()
