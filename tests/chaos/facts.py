"""What is known after a scenario: plain facts, from which ``invariants`` judges and ``report`` tells. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class By(StrEnum):
    """Who ended a citizen's call, as his own telephone saw it."""

    CITIZEN = "citizen"
    HOTLINE = "hotline"
    NOBODY = "nobody"
    """The trace stops before its end."""
    REFUSED = "refused"
    """It was never answered."""


@dataclass(frozen=True, slots=True)
class Citizen:
    """A citizen's call. ``why``: what came with its end."""

    call_id: str
    placed_at: datetime
    answered: bool
    by: By
    ended_at: datetime | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator who works through the product. ``free_after_s`` is counted from the end of all calls."""

    extension: str
    state: str
    free_after_s: float | None
    """``None``: he was not free in time."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A card that was being typed all the time, and what the server has of it in the end."""

    typed: str
    kept: str
    fresh: int = 0
    """Letters at the end of ``typed`` that were in the browser's memory alone when it was killed."""

    @property
    def lost(self) -> int:
        """Letters typed that are not kept where they were typed."""
        same = 0
        while same < min(len(self.typed), len(self.kept)) and self.typed[same] == self.kept[same]:
            same += 1
        return len(self.typed) - same


@dataclass(frozen=True, slots=True)
class Recording:
    """A call that was answered. ``due_s``: seconds in which there was something to record."""

    key: str
    due_s: float
    kept_s: float


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a fault takes with it by its nature; everything else is promised."""

    asterisk_dies: bool = False
    """Calls that were live end with Asterisk, and Asterisk's last buffer of a recording with it."""
    nothing_recorded: bool = False
    """Nobody can write on a full disk: what is missing is told, and the calls go on."""
    no_logs: bool = False
    """CEL lost lines on a full disk: the journal has more than CEL then, so it is held against the citizens alone."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All of one scenario. Moments are the machine's wall clock."""

    fault: str
    calls: int
    """Live at the moment of the fault."""
    released_at: datetime
    """From here on calls are ended on purpose."""
    citizens: tuple[Citizen, ...] = ()
    newcomers: int = 0
    """Citizens who called while the fault lasted."""
    newcomers_served: int = 0
    """Those of them whom an operator answered."""
    equal_after_s: float | None = None
    """Seconds from the mending until the journal equalled CEL; ``None``: it did not within the limit."""
    equal_at_end: bool = True
    differences: tuple[str, ...] = ()
    journal_calls: int = 0
    """Citizens' calls in the journal that have ended, at the end."""
    operators: tuple[Operator, ...] = ()
    channels_left: tuple[str, ...] = ()
    """Channels of Asterisk after everybody had hung up."""
    drafts: tuple[Draft, ...] = ()
    recordings: tuple[Recording, ...] = ()
    unended: int = 0
    """Calls whose end is in no log: they died with Asterisk, or live on."""
    blamed: tuple[str, ...] = ()
    """What CEL says of calls that ended too early: source and cause of the hangup."""
    allowed: Allowed = field(default_factory=Allowed)
    kinds: Mapping[str, int] = field(default_factory=dict)
    """How many operators of which kind."""
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def lost(self) -> tuple[Citizen, ...]:
        """Citizens whose call the hotline ended, refused or let die before it was time."""
        return tuple(
            one
            for one in self.citizens
            if one.by is By.REFUSED
            or (one.by is By.HOTLINE and (one.ended_at is None or one.ended_at < self.released_at))
        )

    @property
    def letters_lost(self) -> int:
        """Of all drafts."""
        return sum(one.lost for one in self.drafts)

    @property
    def recorded(self) -> float | None:
        """Part of what was due that is recorded, 0..1; ``None``: nothing was due."""
        due = sum(one.due_s for one in self.recordings)
        return sum(min(one.kept_s, one.due_s) for one in self.recordings) / due if due else None
