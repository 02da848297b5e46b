"""What was typed into the one field of the search, understood (S001-035, DAY-01). Pure.

A piece of text may be several things at once: «Иванов 1980» is a person, and words of a text as well. Each reading is
asked of its own index; none of them is guessed away.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hotline.journal import identifiers
from hotline.journal.personquery import mend_layout
from hotline.staff.rules import fold

LENGTH = 100
"""Longest search."""
WORDS = 8
"""Words above this are left out: they only make the statement longer."""
TAIL = (4, 10)
"""So many last digits of a number are looked for; a whole telephone number is found as one."""
SHORTEST = 2
"""Letters that a search needs."""
_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"[\dA-ZА-ЯЁ]{0,10}-?\d[\dA-ZА-ЯЁ./-]{1,30}", re.IGNORECASE)
_TAIL = re.compile(r"[-…*•.]*[\d() -]+")
_PREFIX = 3
"""From so many letters on the last word may be the beginning of one."""


@dataclass(frozen=True, slots=True)
class Question:
    """Readings of a search; an empty one is not asked."""

    number: str = ""
    """Beginning of an appeal's number."""
    phone: str = ""
    """E.164."""
    name: str = ""
    """Folded beginning of an applicant's surname and name."""
    words: str = ""
    """For ``to_tsquery``: every word; on the wrong keyboard layout both readings."""
    unfinished: str = ""
    """The same with the last word as a beginning; asked when the words themselves are nowhere."""
    tail: str = ""
    """Last digits of an appeal's number or a telephone."""

    @property
    def empty(self) -> bool:
        """True when nothing can be searched."""
        return self == Question()


def understand(text: str) -> Question:
    """Read a search."""
    typed = " ".join(text[:LENGTH].split())
    if sum(letter.isalnum() for letter in typed) < SHORTEST:
        return Question()
    compact = re.sub(r"[\s()]", "", typed)
    digits = identifiers.digits(compact)
    # Spaces stand between words, but also inside a number that was copied from somewhere.
    whole = typed if re.search(r"[^\W\d_]", typed) else compact
    number = whole.upper() if _NUMBER.fullmatch(whole) else ""
    phone = ""
    if re.fullmatch(r"\+?[\d()\s-]{7,22}", typed) and len(digits) in range(7, 16):
        phone = identifiers.phone(typed) or ""
    letters = bool(re.search(r"[^\W\d_]", typed))
    mended = mend_layout(typed)
    name = fold(re.sub(r"\d+", " ", mended)) if letters else ""
    return Question(
        number=number,
        phone=phone if phone.startswith("+") else "",
        tail=last_digits(typed),
        name=name if len(name) >= SHORTEST else "",
        words=_words(typed, mended) if letters else "",
        unfinished=_words(typed, mended, unfinished=True) if letters else "",
    )


def last_digits(text: str) -> str:
    """Return what may be the last digits of a number, as people read them out; empty: there are too few or too many."""
    digits = identifiers.digits(text)
    return digits if _TAIL.fullmatch(text.strip()) and TAIL[0] <= len(digits) <= TAIL[1] else ""


def _words(typed: str, mended: str, *, unfinished: bool = False) -> str:
    texts = [typed] if mended == typed else [typed, mended]
    readings = [_all_of(text, unfinished=unfinished) for text in texts]
    return " | ".join(f"({reading})" for reading in readings if reading)


def _all_of(text: str, *, unfinished: bool) -> str:
    # ``to_tsquery`` drops the words that mean nothing; quotes keep a word from being read as an operator.
    words = _WORD.findall(text.translate(str.maketrans("Ёё", "Ее")))[:WORDS]
    parts = [f"'{word}'" for word in words]
    if unfinished and (not parts or len(words[-1]) < _PREFIX):
        return ""
    if unfinished:
        parts[-1] += ":*"
    return " & ".join(parts)
