"""What the operator typed when looking for a person, understood (S000-13…S000-16, S001-044, DAY-01). Pure.

«ива ив 1980» is a beginning of a surname, a beginning of a name and a year of birth; sixteen digits are an ENP;
«Bdfyjd» is «Иванов» on the wrong keyboard layout.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from hotline.journal import identifiers
from hotline.staff.rules import fold

_LAYOUT = str.maketrans(
    "qwertyuiop[]asdfghjkl;'zxcvbnm,.`QWERTYUIOP{}ASDFGHJKL:\"ZXCVBNM<>~",
    "йцукенгшщзхъфывапролджэячсмитьбюёЙЦУКЕНГШЩЗХЪФЫВАПРОЛДЖЭЯЧСМИТЬБЮЁ",
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d\d\.\d\d\.\d{4}")
_SNILS = re.compile(r"(?<!\d)\d{3}-\d{3}-\d{3}[ -]?\d{2}(?!\d)")
_DIGITS = re.compile(r"\+?\d[\d\s()-]{8,}\d")
"""A number in groups: «8 (928) 000-11-22», «9912 3456 7890 1239»."""
_LONG = (10, 11, 16)
"""Digits of a telephone, a SNILS, an ENP: what stands beside a year."""
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
        return cls._read(text, mend=True)

    @classmethod
    def _read(cls, text: str, *, mend: bool) -> PersonQuery:
        query, rest = _numbers(cls(), text)
        names: list[str] = []
        for word in rest.split():
            if _DATE.fullmatch(word) or _YEAR.fullmatch(word):
                query = _born(query, word)
            elif word.strip("+").isdigit():
                query = _number(query, word)
            elif name := fold(mend_layout(word) if mend else word):
                names.append(name)
        last, first, patronymic = [*names[:2], "".join(names[2:]), "", "", ""][:3]
        return replace(query, last_name=last, first_name=first, patronymic=patronymic)

    def others(self, text: str = "") -> tuple[PersonQuery, ...]:
        """Return what else may have been meant, the likelier first; asked only when this finds too few.

        Parts of a name in another order, a double surname typed with a space, Latin letters that are a foreign name
        and no mistake, eleven digits that are a SNILS and no telephone.

        :param text: what was typed into the one field, when it was.
        """
        words = [word for word in (self.last_name, self.first_name, self.patronymic) if word]
        a, b, c = [*words, "", "", ""][:3]
        day = self.born_from is not None and self.born_before == self.born_from + timedelta(days=1)
        orders: list[tuple[str, str, str]] = []
        if len(words) == 3:
            # «Иван Иванович Иванов» first: so people introduce themselves.
            orders = [(c, a, b), (b, a, c), (a, c, b), (b, c, a), (c, b, a), (a + b, c, "")]
        elif len(words) == 2:
            orders = [(b, a, ""), (a + b, "", ""), ("", a, b), ("", b, a), (a, "", b), (b, "", a)]
        elif len(words) == 1 and day:
            orders = [("", a, ""), ("", "", a)]
        found = [replace(self, last_name=x, first_name=y, patronymic=z) for x, y, z in orders]
        if text and mend_layout(text) != text:
            found.append(PersonQuery._read(text, mend=False))
        if self.phone and (snils := identifiers.snils(text)) and snils.warning is None:
            found.append(replace(self, phone=None, snils=snils.value))
        return tuple(dict.fromkeys(one for one in found if one != self and not one.empty))

    @property
    def warnings(self) -> tuple[str, ...]:
        """Doubts about the numbers, e.g. ``enp-check-digit``: the caller may have misread them (domain 3.3)."""
        checked = (identifiers.enp(self.enp or ""), identifiers.snils(self.snils or ""))
        return tuple(one.warning for one in checked if one is not None and one.warning)

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


def _numbers(query: PersonQuery, text: str) -> tuple[PersonQuery, str]:
    """Take the long numbers out of a text, whatever groups they were typed in; return them and the rest."""
    if match := _SNILS.search(text):
        found = identifiers.snils(match[0])
        return replace(query, snils=found.value if found else None), text.replace(match[0], " ")
    for match in _DIGITS.finditer(text):
        run = match[0]
        for year, number in (("", run), (run[:4], run[5:]), (run[-4:], run[:-5])):
            digits = re.sub(r"[\s()-]", "", number)
            abroad = digits.startswith("+") and len(digits) > 10
            if (not year or _YEAR.fullmatch(year)) and (abroad or len(digits) in _LONG):
                return _number(_born(query, year) if year else query, digits), text.replace(run, " ")
    return query, text


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
