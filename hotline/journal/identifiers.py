"""Numbers that citizens dictate: ENP, SNILS, telephone, ICD-10 (domain 3.3). Pure.

Wrong check digits are warnings, never refusals: the caller dictates by telephone and old policies differ.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

import phonenumbers

_ANONYMOUS = frozenset(
    {"", "anonymous", "unknown", "unavailable", "restricted", "private", "withheld", "s", "<unknown>"}
)
_SNILS_CHECKED_ABOVE = 1_001_998
# Cyrillic capitals that look like Latin ones, as people type ICD-10 codes.
_LATIN_TWINS = str.maketrans("АВСЕНКМТХОРУ,", "ABCEHKMTXOPY.")
_ICD10 = re.compile(r"[A-Z]\d{2}(\.\d{1,2})?")
_SHORT = range(2, 7)
"""Digits of short codes (112, 103, 122) and internal numbers (101): kept as they are."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A normalised identifier. ``warning`` is a machine-readable doubt, e.g. ``enp-check-digit``."""

    value: str
    warning: str | None = None


def digits(text: str) -> str:
    """Return the ASCII digits of ``text``."""
    return "".join(letter for letter in text if letter in "0123456789")


def enp(text: str) -> Checked | None:
    """Normalise a unified policy number: 16 digits. ``None`` when it has another length.

    The check digit makes the 16 digits pass Luhn's test (ISO/IEC 7812-1 annex B), which is equal to the fund's own
    rule (domain 3.3).
    """
    found = digits(text)
    if len(found) != 16:
        return None
    return Checked(found, None if found[15] == enp_check_digit(found[:15]) else "enp-check-digit")


def enp_check_digit(first15: str) -> str:
    """Return the 16th digit for the first fifteen."""
    total = 0
    for place, digit in enumerate(reversed(first15)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)


def snils(text: str) -> Checked | None:
    """Normalise a pension insurance number: 11 digits. ``None`` when it has another length.

    The sum is checked only above 001-001-998 (domain 3.3).
    """
    found = digits(text)
    if len(found) != 11:
        return None
    number = found[:9]
    if int(number) <= _SNILS_CHECKED_ABOVE:
        return Checked(found)
    key = sum(int(digit) * (9 - place) for place, digit in enumerate(number)) % 101 % 100
    return Checked(found, None if int(found[9:]) == key else "snils-check-digit")


def phone(text: str | None, *, area_code: str = "", region: str = "RU") -> str | None:
    """Return E.164 (``+74951234567``), a short code or internal number as it is, or ``None``.

    ``None`` stands for withheld, empty and impossible numbers: they must match nobody (domain 3.3, DAY-11).

    :param area_code: code of the region, put before local numbers (7 digits in Moscow's «495»).
    """
    raw = (text or "").strip()
    if raw.lower() in _ANONYMOUS:
        return None
    found = digits(raw)
    if not found or set(found) == {"0"}:
        return None
    if not raw.startswith("+"):
        if len(found) in _SHORT:
            return found
        found = _international(found, area_code)
    return _parse(f"+{found}", region) if found else None


def _international(found: str, area_code: str) -> str:
    """Put the country in front of digits dialled in Russia; ``""`` when they are too few to tell."""
    if found.startswith("810") and len(found) > 11:
        return found[3:]  # «8-10» is the way out of the country
    if len(found) == 11 and found[0] in "78":
        return f"7{found[1:]}"
    if len(found) == 10:
        return f"7{found}"
    if len(found) < 10:
        return f"7{area_code}{found}" if area_code else ""
    return found


def _parse(text: str, region: str) -> str | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def show_phone(number: str | None) -> str:
    """Return a number as people read it: ``+7 (495) 123-45-67``; short and foreign ones sensibly, ``""`` for none."""
    if not number:
        return ""
    if re.fullmatch(r"\+7\d{10}", number):
        return f"+7 ({number[2:5]}) {number[5:8]}-{number[8:10]}-{number[10:]}"
    if number.startswith("+"):
        try:
            parsed = phonenumbers.parse(number)
        except phonenumbers.NumberParseException:
            return number
        return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return number


def icd10(text: str) -> str | None:
    """Normalise a diagnosis code (``J06.9``); Cyrillic twins and a comma are mended. ``None`` when it is none."""
    code = text.strip().upper().translate(_LATIN_TWINS)
    return code if _ICD10.fullmatch(code) else None


def birth_date(text: str) -> date | None:
    """Read ``YYYY-MM-DD`` or ``DD.MM.YYYY``; ``None`` when it is neither or no such day exists."""
    for pattern in ("%Y-%m-%d", "%d.%m.%Y"):
        try:
            return datetime.strptime(text.strip(), pattern).date()  # noqa: DTZ007 - a day, not a moment
        except ValueError:
            continue
    return None
