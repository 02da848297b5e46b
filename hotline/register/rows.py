"""Understands one row of a register: names, dates, numbers (domain 3.3). Pure.

What identifies a person must be right, or the row is rejected; anything else that is wrong is left out with a warning.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NoReturn

from hotline.journal import identifiers
from hotline.journal.personquery import policy_key
from hotline.register.model import Field, Issue, Layout, RegisterRow
from hotline.staff.rules import fold

Cell = str | int | float | date | datetime | bool | None
OLDEST = date(1880, 1, 1)
MAX_NAME = 100
MAX_TEXT = 1000
_EMPTY = frozenset({"", "-", "—", "NULL", "NONE", "\\N", "НЕТ", "N/A"})
_TRUE = frozenset({"1", "Д", "ДА", "Y", "YES", "T", "TRUE", "ИСТИНА", "+", "X", "Х", "УМЕР", "УМЕРЛА", "УМЕРШИЙ"})
_FALSE = frozenset({"0", "Н", "НЕТ", "N", "NO", "F", "FALSE", "ЛОЖЬ", "ЖИВ", "ЖИВА"})
_SEX = {"М": "m", "M": "m", "1": "m", "Ж": "f", "F": "f", "2": "f", "W": "f"}
_DAY = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})|(\d{4})[./-]?(\d{2})[./-]?(\d{2})")
_CONTROL = re.compile(r"[\x01-\x1f\x7f\u200b\ufeff]+")


class _Rejected(Exception):
    """The row cannot be taken over."""


@dataclass(slots=True)
class _Reading:
    """One row while it is read."""

    row_no: int
    headings: Mapping[Field, str]
    issues: list[Issue] = field(default_factory=list)

    def warn(self, what: Field, reason: str) -> None:
        self.issues.append(Issue(self.row_no, self.headings.get(what, ""), reason, rejected=False))

    def reject(self, what: Field | None, reason: str) -> NoReturn:
        column = self.headings.get(what, "") if what is not None else ""
        self.issues.append(Issue(self.row_no, column, reason, rejected=True))
        raise _Rejected


class RowReader:
    """Reads rows of one file."""

    def __init__(self, layout: Layout, insurers: Mapping[str, int], today: date) -> None:
        self._width = len(layout.columns)
        self._places = [(place, Field(name)) for place, name in enumerate(layout.columns) if name]
        self._headings = {Field(name): layout.headings[place] for place, name in enumerate(layout.columns) if name}
        self._insurers = insurers
        self._today = today

    def read(self, row_no: int, cells: Sequence[Cell]) -> tuple[RegisterRow | None, list[Issue]]:
        """Return the row, or ``None`` when it is rejected, and what is wrong with it."""
        reading = _Reading(row_no, self._headings)
        try:
            return self._row(reading, cells), reading.issues
        except _Rejected:
            return None, reading.issues

    def _row(self, its: _Reading, cells: Sequence[Cell]) -> RegisterRow:
        if len(cells) < self._width or any(cell not in {None, ""} for cell in cells[self._width :]):
            its.reject(None, "wrong number of columns")
        texts: dict[Field, str] = {}
        raw: dict[Field, Cell] = {}
        phones: list[str] = []
        for place, what in self._places:
            text = _text(its, what, cells[place])
            if what is Field.PHONE:
                phones.append(text)
            else:
                texts[what] = text
                raw[what] = cells[place]
        last, first, patronymic = _names(its, texts)
        born = self._birth_date(its, raw.get(Field.BIRTH_DATE))
        enp, spare = _enp(its, texts.get(Field.ENP, ""), raw.get(Field.ENP))
        snils = _snils(its, texts.get(Field.SNILS, ""))
        if not enp and not snils and born is None:
            its.reject(None, "neither ENP nor SNILS nor birth date")
        dead, died = self._death(its, raw.get(Field.DEAD))
        facts = (
            last, first, patronymic, born, _sex(its, texts.get(Field.SEX, "")), enp, snils,
            _policy(its, texts, spare),
            self._insurer(its, texts.get(Field.INSURER, "")),
            texts.get(Field.ADDRESS, ""), texts.get(Field.ADDRESS_FACT, ""), texts.get(Field.EMAIL, ""),
            texts.get(Field.CLINIC, ""), dead, died,
            self._day(its, Field.VALID_FROM, raw.get(Field.VALID_FROM)),
            self._day(its, Field.VALID_TO, raw.get(Field.VALID_TO)),
            _phones(its, phones),
        )  # fmt: skip
        return RegisterRow(key_of(last, first, patronymic, born, enp, snils), _hash(facts), *facts)

    def _birth_date(self, its: _Reading, cell: Cell) -> date | None:
        day, problem = read_day(cell)
        if problem:
            its.reject(Field.BIRTH_DATE, problem)
        if day is not None and not OLDEST <= day <= self._today:
            its.reject(Field.BIRTH_DATE, "impossible birth date")
        return day

    def _day(self, its: _Reading, what: Field, cell: Cell) -> date | None:
        day, problem = read_day(cell)
        if problem:
            its.warn(what, problem)
        return day

    def _death(self, its: _Reading, cell: Cell) -> tuple[bool, date | None]:
        word = _plain(cell).upper()
        if word in _TRUE:
            return True, None
        if word in _FALSE or word in _EMPTY:
            return False, None
        day, problem = read_day(cell)
        if problem:
            its.warn(Field.DEAD, problem)
        return True, day

    def _insurer(self, its: _Reading, text: str) -> int | None:
        if not text:
            return None
        found = self._insurers.get(fold(text))
        if found is None:
            its.warn(Field.INSURER, "unknown insurer")
        return found


def key_of(last: str, first: str, patronymic: str, born: date | None, enp: str | None, snils: str | None) -> str:
    """Return what names a person from file to file: ENP, else SNILS, else name and birth date."""
    if enp:
        return f"e{enp}"
    if snils:
        return f"s{snils}"
    return f"n{fold(last)}|{fold(first)}|{fold(patronymic)}|{born}"


def read_day(cell: Cell) -> tuple[date | None, str]:
    """Read a date of a cell; the text says what is wrong with it. Excel's dates come as dates."""
    if isinstance(cell, datetime):
        return cell.date(), ""
    if isinstance(cell, date):
        return cell, ""
    text = _plain(cell)
    if text.upper() in _EMPTY:
        return None, ""
    match = _DAY.fullmatch(re.split(r"[ T]", text, maxsplit=1)[0])
    if match is None:
        return None, "not a date"
    parts = match.groups()
    day, month, year = parts[:3] if parts[0] else parts[:2:-1]
    try:
        return date(int(year), int(month), int(day)), ""
    except ValueError:
        return None, "no such day"


def _plain(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _text(its: _Reading, what: Field, cell: Cell) -> str:
    text = _plain(cell)
    if "\0" in text:
        its.reject(what, "zero character")
    if "\ufffd" in text:
        its.reject(what, "wrong encoding")
    text = " ".join(_CONTROL.sub(" ", text).split())
    if text.upper() in _EMPTY:
        return ""
    if len(text) > MAX_TEXT:
        its.warn(what, "too long")
        return ""
    return text


def _names(its: _Reading, texts: Mapping[Field, str]) -> tuple[str, str, str]:
    last, first, patronymic = (
        texts.get(one, "") for one in (Field.LAST_NAME, Field.FIRST_NAME, Field.PATRONYMIC)
    )  # fmt: skip
    what = Field.LAST_NAME if Field.LAST_NAME in its.headings else Field.FULL_NAME
    if not last and (full := texts.get(Field.FULL_NAME, "")):
        last, first, patronymic = [*full.split(" ", 2), "", ""][:3]
    if not fold(last):
        its.reject(what, "no surname")
    if max(len(last), len(first), len(patronymic)) > MAX_NAME:
        its.reject(what, "too long")
    if not any(letter.isalpha() for letter in last) or any(letter.isdigit() for letter in last):
        its.reject(what, "not a name")
    return _cased(last), _cased(first), _cased(patronymic)


def _cased(name: str) -> str:
    """Registers shout; people read «Иванова», not «ИВАНОВА»."""
    return name.title() if name.isupper() and len(name) > 1 else name


def _enp(its: _Reading, text: str, cell: Cell) -> tuple[str | None, str]:
    """Return the ENP, or what stands in its place and may be an old policy."""
    if not text:
        return None, ""
    found = identifiers.enp(text)
    if found is None:
        its.warn(Field.ENP, "must have 16 digits")
        return None, text
    if found.warning:
        if not isinstance(cell, str):
            # Excel keeps fifteen digits of a number: the sixteenth is gone.
            its.warn(Field.ENP, "the last digit was lost by the spreadsheet")
            return None, ""
        its.warn(Field.ENP, found.warning)
    return found.value, ""


def _snils(its: _Reading, text: str) -> str | None:
    digits = identifiers.digits(text)
    if not digits or set(digits) == {"0"}:
        return None
    found = identifiers.snils(digits.zfill(11) if len(digits) in {9, 10} and text.isdigit() else digits)
    if found is None:
        its.warn(Field.SNILS, "must have 11 digits")
        return None
    if found.warning:
        its.warn(Field.SNILS, found.warning)
    return found.value


def _policy(its: _Reading, texts: Mapping[Field, str], spare: str) -> str | None:
    number = texts.get(Field.POLICY, "") or spare
    if not number:
        return None
    key = policy_key(texts.get(Field.POLICY_SERIES, "") + number)
    if key is None and number != spare:
        its.warn(Field.POLICY, "not a policy number")
    return key


def _sex(its: _Reading, text: str) -> str:
    if not text:
        return "u"
    found = _SEX.get(text[0].upper(), "u")
    if found == "u":
        its.warn(Field.SEX, "unknown")
    return found


def _phones(its: _Reading, cells: Sequence[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for text in cells:
        for part in re.split(r"[,;/|]", text):
            if not part.strip():
                continue
            number = identifiers.phone(part)
            if number is None or not number.startswith("+"):
                its.warn(Field.PHONE, "not a telephone number")
            else:
                found[number] = None
    return tuple(found)


def _hash(facts: Sequence[object]) -> int:
    digest = hashlib.blake2b(repr(facts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
