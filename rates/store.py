"""Immutable, content-addressed Arrow IPC files through `pyarrow.fs` (a local directory, or an object store)."""

import hashlib
import os
import uuid
from pathlib import Path

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.ipc as ipc

from rates.schema import completed


class MissingTable(Exception):
    """No table is stored under this key."""

    code = "table_missing"


def write_file(table: pa.Table, path: str | Path) -> None:
    """Write one Arrow IPC file and flush it to disk."""
    with pa.OSFile(str(path), "wb") as sink, ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_file(path: str | Path) -> pa.Table:
    """Open an Arrow IPC file memory-mapped: no copy, pages are shared between processes."""
    with pa.memory_map(str(path)) as source:
        return completed(ipc.open_file(source).read_all())


class Store:
    """Tables below `root` by key = SHA-256 of the file. A file once written never changes, so keys can be kept in rows."""

    def __init__(self, root: str, filesystem: pafs.FileSystem | None = None) -> None:
        self._local = filesystem is None or isinstance(filesystem, pafs.LocalFileSystem)
        self._fs = filesystem or pafs.LocalFileSystem()
        self._root = root.rstrip("/")
        self._fs.create_dir(self._root, recursive=True)

    def path(self, key: str) -> str:
        return f"{self._root}/{key[:2]}/{key}.arrow"

    def put(self, table: pa.Table) -> str:
        """Store and return the key. Same content, same key; writing twice is harmless and never tears a reader."""
        sink = pa.BufferOutputStream()
        with ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table.combine_chunks())  # one key for one content, however it came in pieces
        return self._put_bytes(sink.getvalue())

    def put_file(self, path: str | Path) -> str:
        """Store an Arrow IPC file that already lies on the local disk (the output of a check)."""
        with open(path, "rb") as finished:  # not mapped: its pages would count as this process's memory
            key = hashlib.file_digest(finished, "sha256").hexdigest()
        if not self._local or not self._linked(path, key):
            with pa.memory_map(str(path)) as source:
                self._put_bytes(source.read_buffer(), key)
        return key

    def _linked(self, path: str | Path, key: str) -> bool:
        """A second name for a finished file on the same disk instead of a copy; False where that cannot be."""
        target = self.path(key)
        if self.exists(key):
            return True
        os.makedirs(os.path.dirname(target), exist_ok=True)
        try:
            with open(path, "rb") as finished:
                os.fsync(finished.fileno())
            os.link(path, target)
        except FileExistsError:
            return True
        except OSError:
            return False
        os.chmod(target, 0o444)
        _sync_directory(os.path.dirname(target))
        return True

    def open(self, key: str) -> pa.Table:
        """The table, memory-mapped when local. Raises MissingTable."""
        path = self.path(key)
        if self._fs.get_file_info(path).type != pafs.FileType.File:
            raise MissingTable(key)
        if self._local:
            return read_file(path)
        with self._fs.open_input_file(path) as source:
            return completed(ipc.open_file(source).read_all())

    def exists(self, key: str) -> bool:
        return bool(self._fs.get_file_info(self.path(key)).type == pafs.FileType.File)

    def _put_bytes(self, content: pa.Buffer, key: str | None = None) -> str:
        key = key or hashlib.sha256(memoryview(content)).hexdigest()
        path = self.path(key)
        if self.exists(key):
            return key
        directory = path.rsplit("/", 1)[0]
        self._fs.create_dir(directory, recursive=True)
        if not self._local:  # an object store publishes an object only when it is complete
            with self._fs.open_output_stream(path) as out:
                out.write(content)
            return key
        temporary = f"{directory}/.{uuid.uuid4().hex}.tmp"
        with open(temporary, "wb") as out:
            out.write(memoryview(content))
            out.flush()
            os.fsync(out.fileno())
        os.rename(temporary, path)
        _sync_directory(directory)
        return key


def _sync_directory(path: str) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
