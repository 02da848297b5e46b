"""What the operator typed when looking for a person, understood (S000-13…S000-16, S001-044, DAY-01). Pure.

«ива ив 1980» is a beginning of a surname, a beginning of a name and a year of birth; sixteen digits are an ENP;
«Bdfyjd» is «Иванов» on the wrong keyboard layout.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from hotline.journal import identifiers
from hotline.staff.rules import fold

_LAYOUT = str.maketrans(
    "qwertyuiop[]asdfghjkl;'zxcvbnm,.`QWERTYUIOP{}ASDFGHJKL:\"ZXCVBNM<>~",
    "йцукенгшщзхъфывапролджэячсмитьбюёЙЦУКЕНГШЩЗХЪФЫВАПРОЛДЖЭЯЧСМИТЬБЮЁ",
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d\d\.\d\d\.\d{4}")
_POLICY = re.compile(r"[\dA-ZА-ЯЁ№/-]{5,30}", re.IGNORECASE)


def mend_layout(text: str) -> str:
    """Return ``text`` as if typed on the Russian layout, when it holds Latin letters and no Cyrillic ones."""
    latin = re.search(r"[A-Za-z]", text)
    cyrillic = re.search(r"[А-Яа-яЁё]", text)
    return text.translate(_LAYOUT) if latin and not cyrillic else text


@dataclass(frozen=True, slots=True)
class PersonQuery:
    """Conditions, all of which must hold. Names are folded beginnings; dates are an inclusive–exclusive range."""

    last_name: str = ""
    first_name: str = ""
    patronymic: str = ""
    born_from: date | None = None
    born_before: date | None = None
    enp: str | None = None
    snils: str | None = None
    policy: str | None = None
    phone: str | None = None  # E.164

    @property
    def empty(self) -> bool:
        """True when nothing is asked: at least one field must be filled (S001-044)."""
        return self == PersonQuery()

    @classmethod
    def from_text(cls, text: str) -> PersonQuery:
        """Understand one search field. Words that mean nothing (a lone hyphen) are left out."""
        query = cls()
        compact = re.sub(r"[\s()-]", "", text)
        if re.fullmatch(r"\+?\d{10,16}", compact):
            return _number(query, compact)
        names: list[str] = []
        for word in text.split():
            if _DATE.fullmatch(word) or _YEAR.fullmatch(word):
                query = _born(query, word)
            elif word.strip("+").isdigit():
                query = _number(query, word)
            elif name := fold(mend_layout(word)):
                names.append(name)
        last, first, patronymic = [*names[:2], "".join(names[2:]), "", "", ""][:3]
        return replace(query, last_name=last, first_name=first, patronymic=patronymic)

    @classmethod
    def from_form(cls, values: Mapping[str, str]) -> PersonQuery:
        """Understand separate fields: ``last_name``, ``first_name``, ``patronymic``, ``birth_date`` (day or year),
        ``policy`` (ENP or old policy), ``snils``, ``phone``, and ``q`` (one field for all).

        Fields that cannot be understood are left out.
        """
        query = cls.from_text(values.get("q", ""))
        query = replace(
            query,
            last_name=_name(values, "last_name") or query.last_name,
            first_name=_name(values, "first_name") or query.first_name,
            patronymic=_name(values, "patronymic") or query.patronymic,
        )
        query = _born(query, values.get("birth_date", "").strip())
        if policy := values.get("policy", "").strip():
            enp = identifiers.enp(policy)
            query = replace(query, enp=enp.value) if enp else replace(query, policy=policy_key(policy))
        if snils := identifiers.snils(values.get("snils", "")):
            query = replace(query, snils=snils.value)
        if phone := identifiers.phone(values.get("phone")):
            query = replace(query, phone=phone)
        return query


def policy_key(text: str) -> str | None:
    """Fold an old policy's series and number (without spaces, capitals); ``None`` when it cannot be one."""
    compact = re.sub(r"\s", "", text).upper()
    return compact if _POLICY.fullmatch(compact) else None


def after(prefix: str) -> str:
    """Return a text greater than all that begin with ``prefix`` in the "C" collation.

    An explicit range uses the index under any plan, which ``LIKE $1`` does not.
    """
    return prefix + "\U0010ffff"


def _name(values: Mapping[str, str], field: str) -> str:
    return fold(mend_layout(values.get(field, "").strip()))


def _born(query: PersonQuery, word: str) -> PersonQuery:
    if _YEAR.fullmatch(word):
        year = int(word)
        return replace(query, born_from=date(year, 1, 1), born_before=date(year + 1, 1, 1))
    day = identifiers.birth_date(word) if word else None
    if day is None or day == date.max:
        return query
    return replace(query, born_from=day, born_before=date.fromordinal(day.toordinal() + 1))


def _number(query: PersonQuery, word: str) -> PersonQuery:
    """Sixteen digits are an ENP; ten, or eleven that begin with 7 or 8, a telephone; other eleven a SNILS."""
    found = identifiers.digits(word)
    if len(found) == 16 and (enp := identifiers.enp(found)):
        return replace(query, enp=enp.value)
    if word.startswith("+") or len(found) == 10 or (len(found) == 11 and found[0] in "78"):
        return replace(query, phone=identifiers.phone(word))
    if len(found) == 11 and (snils := identifiers.snils(found)):
        return replace(query, snils=snils.value)
    return replace(query, policy=policy_key(found))
