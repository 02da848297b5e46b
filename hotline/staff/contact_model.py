"""The telephone directory beyond one's colleagues (S001-034): data and the reading of rows of a file. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hotline.staff.rules import fold

LENGTHS: Mapping[str, int] = {"name": 200, "organisation": 200, "number": 32, "hours": 100, "note": 500}
FIELDS = tuple(LENGTHS)
_HEADINGS = {
    "name": ("имя", "фио", "название", "наименование", "контакт", "name", "contact"),
    "organisation": ("организация", "учреждение", "больница", "organisation", "organization", "company"),
    "number": ("номер", "телефон", "тел", "number", "phone", "telephone"),
    "hours": ("часы", "часы работы", "режим", "режим работы", "время", "hours"),
    "note": ("примечание", "комментарий", "заметка", "note", "comment"),
}


class Kind(StrEnum):
    """What a line of the directory is."""

    PERSON = "person"
    ORGANISATION = "organisation"
    CONTACT = "contact"


@dataclass(frozen=True, slots=True)
class ContactFields:
    """An external contact as it was typed or imported."""

    name: str = ""
    organisation: str = ""
    number: str = ""
    hours: str = ""
    note: str = ""

    @classmethod
    def of(cls, values: Mapping[str, str]) -> ContactFields:
        """Take the fields out of a form, trimmed."""
        return cls(**{name: " ".join(values.get(name, "").replace("\0", "").split()) for name in FIELDS})

    @property
    def key(self) -> tuple[str, str]:
        """What makes two rows of a file the same contact: name and organisation, folded."""
        return fold(self.name), fold(self.organisation)

    def problems(self) -> dict[str, str]:
        """Return what is wrong, by field."""
        found = {
            name: f"at most {most} characters" for name, most in LENGTHS.items() if len(getattr(self, name)) > most
        }
        if not self.name:
            found["name"] = "required"
        digits = sum(letter.isdigit() for letter in self.number)
        if not self.number:
            found["number"] = "required"
        elif digits < 2 or set(self.number) - set("+0123456789 ()-.,;доб#*"):
            found["number"] = "not a telephone number"
        return found


@dataclass(frozen=True, slots=True)
class Contact:
    """A line of the directory that is not a colleague: an organisation or an external contact."""

    kind: Kind
    id: int
    fields: ContactFields
    favourite: bool = False
    version: int = 1


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row of a file that was not taken; ``line`` counts from 1 with the heading."""

    line: int
    cells: tuple[str, ...]
    problems: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ReadContacts:
    """What a file holds."""

    rows: tuple[ContactFields, ...]
    rejected: tuple[Rejected, ...]
    columns: Mapping[str, str]
    """Field → the heading that it was read from."""


def read_rows(table: Sequence[Sequence[str]]) -> ReadContacts | None:
    """Read a table whose first row names its columns; ``None`` when no column of names and numbers is among them.

    Empty rows are left out; of rows about the same contact the first one counts, the others are told.
    """
    if not table:
        return None
    places = _places(table[0])
    if "name" not in places or "number" not in places:
        return None
    taken: dict[tuple[str, str], ContactFields] = {}
    rejected: list[Rejected] = []
    for line, cells in enumerate(table[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        contact = ContactFields.of({name: cells[at] if at < len(cells) else "" for name, at in places.items()})
        problems = contact.problems()
        if not problems and contact.key in taken:
            problems = {"name": "twice in the file"}
        if problems:
            rejected.append(Rejected(line, tuple(cells), problems))
        else:
            taken[contact.key] = contact
    headings = {name: table[0][at].strip() for name, at in places.items()}
    return ReadContacts(tuple(taken.values()), tuple(rejected), headings)


def _places(heading: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for at, cell in enumerate(heading):
        word = cell.strip().lower().rstrip(".:").replace("ё", "е")
        for name, names in _HEADINGS.items():
            if name not in found and word in names:
                found[name] = at
    return found
