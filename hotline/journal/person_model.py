"""Facts about people: data only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hotline.journal.model import PersonRow


@dataclass(frozen=True, slots=True)
class PersonChanged:
    """A dossier was changed, merged or given back. Published after the transaction; names nobody."""

    person_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class CallWritten:
    """A call has another phase in the journal. Published after the transaction; names nobody."""

    key: str


@dataclass(frozen=True, slots=True)
class Merge:
    """A merge that was carried out."""

    id: int
    kept_id: int
    gone_id: int


@dataclass(frozen=True, slots=True)
class PhoneOwners:
    """Who is known by a calling number. ``shared``: more than five people are; ask for the name first (DAY-11)."""

    rows: tuple[PersonRow, ...] = ()
    shared: bool = False
    sole: bool = False
    """The register knows one person by the number, of all and not of those whom the reader may find; he is alive."""
