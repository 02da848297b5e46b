"""Reading a growing log file from where one stopped, across rotation. Plain file work: no database, no event loop."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Position:
    """How far a log has been read: the file, told by its inode, and the bytes of complete lines."""

    inode: int
    offset: int


@dataclass(frozen=True, slots=True)
class Line:
    """One complete line and its place, which names it for ever."""

    inode: int
    offset: int
    text: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """What was read, and the position after it. ``more``: the limit stopped the reading, not the end of the log."""

    lines: tuple[Line, ...]
    position: Position | None
    more: bool


def read_new(path: Path, position: Position | None, limit: int) -> Chunk:
    """Read at most ``limit`` complete lines after ``position``; ``None`` begins at the oldest byte of the file.

    A file renamed by rotation keeps its inode: its rest is read first, then whatever came after it. A line that is
    still being written waits for its end.
    """
    lines: list[Line] = []
    for file, start in _files(path, position):
        inode = file.stat().st_ino
        position = Position(inode, start)
        for line in _complete_lines(file, inode, start):
            if len(lines) == limit:
                return Chunk(tuple(lines), position, more=True)
            lines.append(line[0])
            position = Position(inode, line[1])
    return Chunk(tuple(lines), position, more=False)


def _files(path: Path, position: Position | None) -> Iterator[tuple[Path, int]]:
    """Yield the files to read, oldest first, and where to begin in each."""
    if not path.exists():
        return
    if position is None:
        yield path, 0
        return
    current = path.stat()
    if current.st_ino == position.inode:
        if current.st_size < position.offset:
            log.warning("%s was cut short: reading it from its beginning", path)
            yield path, 0
        else:
            yield path, position.offset
        return
    rotated = sorted(path.parent.glob(f"{path.name}.*"), key=lambda file: file.stat().st_mtime_ns)
    inodes = [file.stat().st_ino for file in rotated]
    if position.inode in inodes:
        first = inodes.index(position.inode)
        yield rotated[first], position.offset
        for file in rotated[first + 1 :]:
            yield file, 0
    else:
        log.error("%s was replaced and its predecessor is gone: lines may be missing", path)
    yield path, 0


def _complete_lines(file: Path, inode: int, start: int) -> Iterator[tuple[Line, int]]:
    """Yield each complete line and the offset after it."""
    offset = start
    with file.open("rb") as stream:
        stream.seek(start)
        for raw in stream:
            if not raw.endswith(b"\n"):
                return
            end = offset + len(raw)
            yield Line(inode, offset, _text(raw)), end
            offset = end


def _text(raw: bytes) -> str:
    """Decode a line. A crash can leave NUL bytes in a file, and PostgreSQL does not take them."""
    return raw.decode("utf-8", "replace").rstrip("\r\n").replace("\0", "\ufffd")
