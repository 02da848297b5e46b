"""Tells the encoding and the delimiter of a text from its beginning. Pure.

Registers come in UTF-8, in Windows-1251 and from old programs in CP866; no library tells the last two apart on short
Russian names better than counting letters does.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Sequence

from hotline.errors import BadInput

ENCODINGS = ("utf-8", "cp1251", "cp866")
DELIMITERS = (";", ",", "\t", "|")
SAMPLE = 256 * 1024
"""Bytes that are looked at."""


def encoding_of(sample: bytes) -> str:
    """Return one of :data:`ENCODINGS`.

    :raises BadInput: UTF-16, or no text at all.
    """
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise BadInput("the file is in UTF-16; save it as UTF-8", error_id="utf-16-file")
    if sample.count(0) > len(sample) // 20:
        raise BadInput("the file is no text, no XLSX and no DBF", error_id="unknown-format")
    try:
        # The last letter may be cut by the end of the sample.
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return max(("cp1251", "cp866"), key=lambda name: _russian(sample.decode(name, "replace")))
    return "utf-8"


def skip_bom(sample: bytes) -> int:
    """Return how many bytes of a byte-order mark the text begins with."""
    return len(codecs.BOM_UTF8) if sample.startswith(codecs.BOM_UTF8) else 0


def delimiter_of(lines: Sequence[str]) -> str:
    """Return what separates the cells: that which cuts most lines into the same number of cells, more than one.

    :raises BadInput: nothing does.
    """
    best, choice = (0, 0), ""
    for delimiter in DELIMITERS:
        try:
            counts = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if row)
        except csv.Error:
            continue
        cells, lines_alike = counts.most_common(1)[0] if counts else (0, 0)
        if cells > 1 and (lines_alike, cells) > best:
            best, choice = (lines_alike, cells), delimiter
    if not choice:
        raise BadInput("the file has one column only", error_id="one-column")
    return choice


def _russian(text: str) -> int:
    """Letters of Russian words, less what no Russian text holds: frames, signs and letters of neighbours."""
    letters = len(re.findall(r"[А-Яа-яЁё№]", text))
    strange = len(re.findall(r"[^\x00-\x7fА-Яа-яЁё№«»–—]", text))
    # A capital after a small letter inside a word: what case-blind mistakes look like.
    broken = len(re.findall(r"[а-яё][А-ЯЁ]", text))
    return letters - 3 * strange - 2 * broken
