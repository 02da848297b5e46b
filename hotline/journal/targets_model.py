"""To whom an appeal may be given, as a dialog shows it: data only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Place(StrEnum):
    """Where somebody works, as S000-52…S000-56 tell organisations apart."""

    FUND = "fund"  # «ТФОМС»: of the own region
    INSURER = "insurer"  # «СМО»: the citizen's own insurer
    OTHER_INSURER = "other_insurer"  # «СМО (аутсорсинг)»
    OTHER_FUND = "other_fund"  # «ТФОМС (аутсорсинг)»
    ELSEWHERE = "elsewhere"


def place_of(kind: str, *, own_region: bool, citizens: bool) -> Place:
    """Return the place of an organisation.

    :param kind: of the organisation (domain 2.2).
    :param own_region: it belongs to the region of this hotline.
    :param citizens: it is the insurer on the citizen's record.
    """
    if kind == "tfoms":
        return Place.FUND if own_region else Place.OTHER_FUND
    if kind == "smo":
        return Place.INSURER if citizens else Place.OTHER_INSURER
    return Place.ELSEWHERE


@dataclass(frozen=True, slots=True)
class TargetPerson:
    """Somebody to whom an appeal may go."""

    user_id: int
    full_name: str
    roles: frozenset[str]
    organisation: str
    place: Place
    extension: str | None
    needs_reason: bool = False


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """A level of an organisation: the first of them who accepts has it."""

    role: str
    organisation_id: int
    organisation: str
    place: Place
    members: int


@dataclass(frozen=True, slots=True)
class Targets:
    """Everybody to whom somebody may give an appeal now."""

    people: tuple[TargetPerson, ...] = ()
    groups: tuple[TargetGroup, ...] = ()

    @property
    def places(self) -> tuple[Place, ...]:
        """The places that occur, the nearest first."""
        found = {one.place for one in self.people} | {one.place for one in self.groups}
        return tuple(place for place in Place if place in found)


@dataclass(frozen=True, slots=True)
class ResultChoice:
    """A result that may be chosen, and which fields it brings along."""

    code: str
    title: str
    fields: tuple[str, ...]
    button: str
    """What pressing the button does then, in the profile's words."""


@dataclass(frozen=True, slots=True)
class MoveDialog:
    """What a dialog asks before a move is made: exactly what the profile's transition asks for."""

    trigger: str
    title: str
    icon: str
    style: str
    number: str
    version: int
    fields: tuple[str, ...]
    required: frozenset[str]
    results: tuple[ResultChoice, ...] = ()
    result: str = ""  # chosen already
    measures: str = ""
    targets: Targets = field(default_factory=Targets)
    due_at: datetime | None = None  # the present deadline
    offered: datetime | None = None  # the later one that an extension offers
    complaint: bool = False
