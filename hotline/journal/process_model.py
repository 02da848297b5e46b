"""The words of a process profile: what a transition may depend on, ask for and do (domain 2.3). Data only, pure.

The sets are closed: a profile that uses any other word cannot be loaded. An organisation changes its process by
combining these words in ``[[transition]]`` rows; only a word that nobody has thought of yet needs code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from hotline.journal.model import Form, Phase

SAVE = "save"
"""Trigger of T2: fired by saving a card."""
HAND_OVER = "hand_over"
"""Trigger of T4 and T5 in one step: fired by a completed warm transfer (domain 2.9)."""
BEFORE = "@before"
"""As ``to`` of a transition: back to the status that the appeal had before it was deleted (T13)."""


SAME = "@same"
"""As ``to`` of a transition: the status stays; only the effects count (S000-76)."""


class Who(StrEnum):
    """What somebody is to an appeal."""

    CREATOR = "creator"
    OWNER = "owner"
    TARGET = "target"  # it was forwarded to him and he has not accepted yet
    GROUP = "group"  # it was forwarded to his level in his organisation (domain 2.4)
    ADMIN = "admin"


class Condition(StrEnum):
    """``when``: facts that decide whether a transition exists for an appeal at all. ``not …`` turns one round."""

    CONSULTATION = "consultation"  # its type is a consultation (``is_consultation``)
    COMPLAINT = "complaint"  # its type is a complaint (``is_complaint``)
    ORAL = "oral"
    WRITTEN = "written"
    SAMPLED = "sampled"  # drawn for the administrator's review (Q7): see :func:`workflow.sampled`
    SETTING = "setting"  # ``setting=name``: this switch of ``[settings.process]`` is on
    RIGHT = "right"  # ``right=code``: who makes the move has this right as well


class Ask(StrEnum):
    """``asks``: what whoever makes the move must give. A dialog shows exactly these fields."""

    COMMENT = "comment"
    RESULT = "result"  # from the list; what the result itself needs is asked as well (S000-68, S001-088…091)
    MEASURES = "measures"  # «Принятые меры», unless the card has them already (S001-088)
    TARGET = "target"  # ``target=forward|defer|reassign``: a person or group that the matrix allows (domain 2.4)
    DATE = "date"  # later than the deadline, and not later than its rule allows (T9); ``date=free``: any later day
    JUSTIFIED = "justified"  # of complaints only: what became of it (T8)
    WRITTEN_CLOSE_DATE = "written_close_date"  # of written appeals only (S000-67)
    CONTACT = "contact"  # a call since the answer was deferred, or a comment about how the citizen was reached (T7)
    LINK = "link"  # number of the appeal that this one repeats
    ORGANISATION = "organisation"  # where it was sent
    NOTICE = "notice"  # the citizen was told
    FIELDS = "fields"  # ``fields=a+b``: these fields of the card are filled in


class EffectKind(StrEnum):
    """``effects``: what a transition does besides changing the status. All in the transaction of the move."""

    OWNER = "owner"  # ``owner=actor|target|closer``; the responsible organisation follows (S000-51)
    TARGET = "target"  # it waits for the target; without this effect nobody is waited for any more
    CLOSE = "close"  # close_date = now, closed_by = actor (S000-66)
    REOPEN = "reopen"  # both are cleared; the history keeps them
    FINAL = "final"  # final_closed_at and final_closed_by
    DUE = "due"  # the deadline becomes the given date, for good: nothing computes it anew (domain 2.5 c)
    EXTENSION = "extension"  # ``extension=ask|approve|refuse|give`` (T9, T10, S000-76)
    REMARK = "remark"  # the comment becomes a remark of the administrator (S000-69, S000-70)
    RESOLVE = "resolve"  # remarks are done with
    CALLBACK = "callback"  # a task to call the citizen back, for the new owner (T6)
    CALLED = "called"  # that task is done (T7)
    DELETE = "delete"  # who, when, why; the status is remembered (T13)
    RESTORE = "restore"
    TELL = "tell"  # ``tell=forwarded|accepted|closed|returned``: kind of the event that is published


ARGUMENTS: Mapping[type[StrEnum], Mapping[str, frozenset[str] | None]] = {
    Condition: {Condition.SETTING: None, Condition.RIGHT: None},
    Ask: {Ask.TARGET: frozenset({"forward", "defer", "reassign"}), Ask.FIELDS: None, Ask.DATE: frozenset({"", "free"})},
    EffectKind: {
        EffectKind.OWNER: frozenset({"actor", "target", "closer"}),
        EffectKind.EXTENSION: frozenset({"ask", "approve", "refuse", "give"}),
        EffectKind.TELL: frozenset({"created", "forwarded", "accepted", "closed", "returned"}),
    },
}
"""Words that need an argument, and which ones there are; ``None`` means any name."""

NEEDS: Mapping[str, Ask] = {
    "operator": Ask.TARGET,
    "date": Ask.DATE,
    "comment": Ask.COMMENT,
    "organisation": Ask.ORGANISATION,
    "notice": Ask.NOTICE,
    "link": Ask.LINK,
}
"""What a result's ``needs`` ask for."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One word of a transition with its argument: ``target=forward``, ``not sampled``."""

    word: str
    argument: str = ""
    negated: bool = False

    def __str__(self) -> str:
        return ("not " if self.negated else "") + self.word + (f"={self.argument}" if self.argument else "")


@dataclass(frozen=True, slots=True)
class Status:
    """An organisation's own status. Code looks at the phase only."""

    code: str
    title: str
    phase: Phase
    icon: str = ""
    colour: str = ""
    final: bool = False
    default_for_phase: bool = True
    edit: frozenset[Who] = frozenset()
    """Who may change the card's text now (domain 2.7)."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the table of moves."""

    code: str
    trigger: str
    to: str
    phases: frozenset[Phase] = frozenset()
    statuses: frozenset[str] = frozenset()
    title: str = ""
    """Words on the button; empty: no button, the product fires it by itself."""
    done: str = ""
    """Words in the history."""
    icon: str = ""
    style: str = ""
    who: frozenset[Who] = frozenset()
    right: str = ""
    when: tuple[Clause, ...] = ()
    asks: tuple[Clause, ...] = ()
    effects: tuple[Clause, ...] = ()

    def asked(self, word: Ask) -> Clause | None:
        """Return what it asks for under this word."""
        return next((clause for clause in self.asks if clause.word == word), None)

    def effect(self, kind: EffectKind) -> str | None:
        """Return the argument of an effect (``""`` when it has none); ``None`` when the transition lacks it."""
        return next((clause.argument for clause in self.effects if clause.word == kind), None)


@dataclass(frozen=True, slots=True)
class Process:
    """The process of an organisation: its statuses and the moves between them, in the profile's order."""

    statuses: Mapping[str, Status]
    transitions: tuple[Transition, ...]
    settings: Mapping[str, object] = field(default_factory=dict)

    def default_status(self, phase: Phase) -> Status | None:
        """Return the status that stands for a phase."""
        found = [status for status in self.statuses.values() if status.phase is phase]
        return next((status for status in found if status.default_for_phase), found[0] if found else None)

    def switched_on(self, name: str) -> bool:
        """Tell whether a switch of ``[settings.process]`` is on."""
        return self.settings.get(name) is True


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who wants to move an appeal: what he is to it, and his rights."""

    who: frozenset[Who]
    rights: frozenset[str]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules look at in an appeal."""

    phase: Phase
    status: str = ""
    number: str = ""
    form: Form = Form.ORAL
    consultation: bool = False
    complaint: bool = False
    due_at: datetime | None = None
    max_extension_days: int = 0
    """How far its deadline rule lets an operator extend it; 0: whatever the administrator approves."""
    filled: frozenset[str] = frozenset()
    """Fields of the card that are filled in."""
    contacted: bool = False
    """A call with the citizen is linked since the answer was deferred."""


@dataclass(frozen=True, slots=True)
class ResultFacts:
    """A result as the rules see it."""

    code: str
    needs: frozenset[str] = frozenset()
    trigger: str = ""
    """The move that choosing this result makes instead (S001-090, S001-091)."""


@dataclass(frozen=True, slots=True)
class Given:
    """What whoever makes a move has given for it. Empty means not given."""

    comment: str = ""
    result: ResultFacts | None = None
    measures: str = ""
    target: bool = False
    """A person or group was chosen. Whether the matrix allows it is asked apart."""
    due_at: datetime | None = None
    written_close_date: date | None = None
    link: bool = False
    organisation: str = ""
    notice: bool = False
    justified: str = ""
