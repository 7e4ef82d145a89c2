"""fsspec: penstock://manifest.yaml!key, so that pandas, pyarrow, Dask and DuckDB read keys by URL."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any

from fsspec import AbstractFileSystem

from penstock._errors import CapabilityNotSupported
from penstock._store import FileInfo, Store, split_url


class PenstockFileSystem(AbstractFileSystem):  # type: ignore[misc]
    """Read-only. A path is MANIFEST!KEY; `variables` and `on_event` are as of penstock.read()."""

    protocol = "penstock"
    root_marker = ""

    def __init__(self, variables: dict[str, str] | None = None, on_event: Any = None, **options: Any) -> None:
        super().__init__(**options)
        self._options = {"variables": variables, "on_event": on_event}
        self._stores: dict[str, tuple[tuple[int, ...], Store]] = {}

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        if isinstance(path, list):
            return [cls._strip_protocol(one) for one in path]
        return str(os.fspath(path)).removeprefix("penstock://").rstrip("/")

    @classmethod
    def _parent(cls, path: str) -> str:
        manifest, mark, key = cls._strip_protocol(path).partition("!")
        return f"{manifest}{mark}{key.rpartition('/')[0]}"

    def _split(self, path: str) -> tuple[Store, str, str]:
        manifest, key = split_url(self._strip_protocol(path))
        return self._store(manifest), f"{manifest}!", key

    def _store(self, manifest: str) -> Store:
        # File systems live as long as the process: a manifest that has changed is read again.
        try:
            facts = os.stat(manifest)
        except OSError:
            return Store(manifest, **self._options)  # which says what is wrong
        state = (facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns)
        known = self._stores.get(manifest)
        if known is None or known[0] != state:
            known = self._stores[manifest] = (state, Store(manifest, **self._options))
        return known[1]

    @staticmethod
    def _file(prefix: str, info: FileInfo) -> dict[str, Any]:
        # A file that was never made has no size yet.
        size = info.size if info.materialized else None
        return {"name": prefix + info.path, "type": "file", "size": size, "mtime": info.modified_at}

    def ls(self, path: str, detail: bool = True, **options: Any) -> list[Any]:
        store, prefix, key = self._split(path)
        if store.is_file(key):
            entries = [self._file(prefix, store.get_file_info(key))]
        else:
            entries = [{"name": prefix + name, "type": "directory", "size": 0} for name in store.list_folders(key)]
            entries += [self._file(prefix, info) for info in store.list_files(key)]
        return entries if detail else [entry["name"] for entry in entries]

    def info(self, path: str, **options: Any) -> dict[str, Any]:
        store, prefix, key = self._split(path)
        if store.is_folder(key):
            return {"name": prefix + key, "type": "directory", "size": 0}
        return self._file(prefix, store.get_file_info(key))

    def glob(self, path: str, maxdepth: int | None = None, detail: bool = False, **options: Any) -> Any:
        """Files that match as Store.glob() has it. A key as it is comes first: the ? before its parameters is no pattern."""
        store, prefix, pattern = self._split(path)
        if store.is_file(pattern):
            found = [store.get_file_info(pattern)]
        else:
            found = store.glob(pattern)
        files = {prefix + info.path: self._file(prefix, info) for info in found}
        return files if detail else list(files)

    def modified(self, path: str) -> datetime:
        store, _, key = self._split(path)
        return store.get_file_info(key).modified_at

    def created(self, path: str) -> datetime:
        return self.modified(path)

    def _open(self, path: str, mode: str = "rb", **options: Any) -> Any:
        if mode != "rb":
            self._refuse_writing()
        store, _, key = self._split(path)
        return store.open(key)

    @staticmethod
    def _refuse_writing(*_: Any, **__: Any) -> Any:
        raise CapabilityNotSupported("a store is read-only", code="capability_not_supported")

    mkdir = makedirs = rmdir = rm_file = _rm = cp_file = mv = touch = pipe_file = put_file = _refuse_writing

    def size(self, path: str) -> int | None:
        known = self.info(path)["size"]
        if known is not None:
            return int(known)
        store, _, key = self._split(path)
        with store.open(key) as file:
            return file.seek(0, os.SEEK_END)

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **options: Any) -> bytes:
        store, _, key = self._split(path)
        return store.read_bytes(key)[start:end]
