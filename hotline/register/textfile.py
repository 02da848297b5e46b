"""Reads CSV files of any size from any byte on (RFC 4180, and what is sold under its name).

Every record knows the byte behind it, so an import that was killed goes on there. Lines that are too long, quotes that
are never closed and letters of another encoding cost one record, not the file.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from hotline.errors import BadInput
from hotline.register import sniff
from hotline.register.model import Format, Layout
from hotline.register.rows import Cell

BLOCK = 256 * 1024
MAX_LINE = 64 * 1024
"""Bytes of a line; a row of a register has some three hundred."""
MAX_COLUMNS = 150
"""More cannot be offered for a choice; registers have some twenty."""
MAX_LINES = 50
"""Lines of one quoted cell, e.g. an address."""


@dataclass(frozen=True, slots=True)
class Record:
    """A row of a file: cells, or what is wrong with it. ``position`` is where the next one begins."""

    row_no: int
    cells: tuple[Cell, ...]
    problem: str
    position: int


@dataclass(frozen=True, slots=True)
class _Line:
    """``text`` is ``None`` when the line is too long."""

    text: bytes | None
    end: int


class TextFile:
    """A CSV file with a heading."""

    def __init__(self, path: Path, layout: Layout) -> None:
        self._path = path
        self._layout = layout
        self.total = path.stat().st_size

    def records(self, position: int, row_no: int) -> Iterator[Record]:
        """Return the records from byte ``position`` on; 0 begins after the heading. ``row_no`` is the last row's."""
        with self._path.open("rb") as file:
            lines = _Lines(file, position or sniff.skip_bom(file.read(3)))
            records = _records(lines, row_no if position else 0, self._layout)
            if not position:
                next(records, None)  # the heading
            yield from records


def sniffed(path: Path, encoding: str = "", delimiter: str = "") -> Layout:
    """Return how a text is read: encoding and delimiter are detected unless given.

    :raises BadInput: it is no table.
    """
    with path.open("rb") as file:
        sample = file.read(sniff.SAMPLE)
        encoding = encoding or sniff.encoding_of(sample)
        if encoding not in sniff.ENCODINGS:
            raise BadInput("unknown encoding", error_id="unknown-encoding")
        if delimiter and delimiter not in sniff.DELIMITERS:
            raise BadInput("unknown delimiter", error_id="unknown-delimiter")
        lines = _Lines(file, sniff.skip_bom(sample))
        first = [line for line, _ in zip(lines, range(50), strict=False)]
    texts = [line.text.decode(encoding, "replace") for line in first if line.text is not None]
    if first and first[0].text is None:
        raise BadInput("the heading cannot be read", error_id="bad-heading")
    if not "".join(texts).strip():
        raise BadInput("the file is empty", error_id="empty-file")
    delimiter = delimiter or sniff.delimiter_of(texts)
    layout = Layout(Format.CSV, encoding, delimiter)
    with path.open("rb") as file:
        heading = next(_records(_Lines(file, sniff.skip_bom(sample)), 0, layout), None)
    if heading is None or heading.problem or not 2 <= len(heading.cells) <= MAX_COLUMNS:
        raise BadInput("the heading cannot be read", error_id="bad-heading")
    return Layout(Format.CSV, encoding, delimiter, tuple(str(cell or "").strip() for cell in heading.cells))


class _Lines:
    """Lines of a file with their ends; lines can be put back."""

    def __init__(self, file: BinaryIO, start: int) -> None:
        self._file = file
        self._ready: deque[_Line] = deque()
        self._source = self._read(start)

    def __iter__(self) -> Iterator[_Line]:
        return self

    def __next__(self) -> _Line:
        return self._ready.popleft() if self._ready else next(self._source)

    def put_back(self, lines: list[_Line]) -> None:
        self._ready.extendleft(reversed(lines))

    def _read(self, start: int) -> Iterator[_Line]:
        self._file.seek(start)
        rest, end, skipping = b"", start, False
        while True:
            block = self._file.read(BLOCK)
            pieces = (rest + block).splitlines(keepends=True)
            # Without a line end behind it the last piece may go on; «\r» may be half of «\r\n».
            rest = pieces.pop() if block and pieces and (not pieces[-1].endswith(b"\n")) else b""
            for piece in pieces:
                end += len(piece)
                long = skipping or len(piece) > MAX_LINE
                skipping = False
                yield _Line(None if long else piece, end)
            if len(rest) > MAX_LINE and not rest.endswith(b"\r"):
                end, rest, skipping = end + len(rest), b"", True
            if not block:
                if skipping:
                    yield _Line(None, end)
                return


def _records(lines: _Lines, row_no: int, layout: Layout) -> Iterator[Record]:
    for line in lines:
        row_no += 1
        if line.text is None:
            yield Record(row_no, (), "the line is too long", line.end)
            continue
        if not line.text.strip():
            continue
        try:
            text = line.text.decode(layout.encoding)
        except UnicodeDecodeError:
            yield Record(row_no, (), "wrong encoding", line.end)
            continue
        if '"' not in text:
            yield Record(row_no, tuple(text.rstrip("\r\n").split(layout.delimiter)), "", line.end)
            continue
        yield _quoted(lines, line, text, row_no, layout)


def _quoted(lines: _Lines, first: _Line, text: str, row_no: int, layout: Layout) -> Record:
    """Read a record with quotes, which may go on over several lines."""
    more: list[_Line] = []

    def pull() -> Iterator[str]:
        yield _ending(text)
        for line in lines:
            more.append(line)
            if line.text is None or len(more) >= MAX_LINES:
                return  # csv then finds the quote open
            yield _ending(line.text.decode(layout.encoding))

    try:
        cells = next(csv.reader(pull(), delimiter=layout.delimiter, strict=True))
    except (csv.Error, UnicodeDecodeError, StopIteration):
        lines.put_back(more)
        return Record(row_no, (), "quotes do not match", first.end)
    return Record(row_no, tuple(cells), "", more[-1].end if more else first.end)


def _ending(text: str) -> str:
    # csv knows «\r» alone only inside quotes.
    return f"{text[:-1]}\n" if text.endswith("\r") else text
