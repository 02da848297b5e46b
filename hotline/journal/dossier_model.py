"""What a dossier is made of (domain 2.9): data only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from hotline.journal.model import PersonRow


@dataclass(frozen=True, slots=True)
class DossierPhone:
    """A telephone number of a person. ``people`` use it, he among them (DAY-11)."""

    id: int
    e164: str
    kind: str
    is_wrong: bool
    do_not_call: bool
    last_confirmed_at: datetime | None
    people: int


@dataclass(frozen=True, slots=True)
class Dossier:
    """A person with everything that is known of himself; appeals and calls are asked for separately."""

    id: int
    version: int
    last_name: str
    first_name: str
    patronymic: str
    birth_date: date | None
    sex: str  # m, f, u
    enp: str
    snils: str
    policy: str
    insurer: str
    address: str
    address_fact: str
    email: str
    clinic: str
    notes: str
    insured_status: str
    source: str
    is_dead: bool
    died_on: date | None
    valid_from: date | None
    valid_to: date | None
    merged_into_id: int | None
    phones: tuple[DossierPhone, ...] = ()
    warnings: tuple[str, ...] = ()  # e.g. "enp-check-digit"
    hidden: frozenset[str] = frozenset()
    """Fields that the reader may not see; they are empty here."""

    @property
    def full_name(self) -> str:
        """Surname, name and patronymic."""
        return " ".join(filter(None, (self.last_name, self.first_name, self.patronymic)))


@dataclass(frozen=True, slots=True)
class DossierForm:
    """A dossier as its form sends it: all text, ``""`` is empty. Dates as people write them."""

    last_name: str = ""
    first_name: str = ""
    patronymic: str = ""
    birth_date: str = ""
    sex: str = "u"
    enp: str = ""
    snils: str = ""
    policy: str = ""
    address: str = ""
    address_fact: str = ""
    email: str = ""
    clinic: str = ""
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Twin:
    """Another dossier that may be of the same person. ``sure``: the same SNILS (DAY-26)."""

    person: PersonRow
    sure: bool


@dataclass(frozen=True, slots=True)
class DossierFile:
    """A file of one of the person's appeals."""

    id: int
    appeal_id: int
    appeal_number: str
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DossierEvent:
    """A line of the dossier's history: who did what, and which fields."""

    at: datetime
    by: str  # short name; "" for the program
    what: str  # "create", "edit", "phone", "merge", "undo"
    fields: tuple[str, ...] = ()
    merge_id: int | None = None
    """A merge that can still be undone."""
    other: str = ""
    """Name of the other person of a merge."""


@dataclass(frozen=True, slots=True)
class Merging:
    """Two dossiers side by side."""

    kept: Dossier
    gone: Dossier
    appeals: int
    """Appeals that would follow."""
    phones: int
