"""The life of an appeal: phases, and the only table of moves between them (domain 2.3, T2, T4–T5b). Pure.

::

    DRAFT ──save──> ACTIVE ──forward──> INCOMING ──accept──> ACTIVE
                      ^                    │
                      └──recall, decline───┘
    ACTIVE ──hand_over──> ACTIVE (with another owner: forward and accept in one step, by warm transfer)

Every change of a phase goes through :func:`decide`; a move that the table does not hold raises
:class:`IllegalMoveError`.
Call-back, review, rework and deletion (T6–T13) have their phases but no moves yet: nothing can enter them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from hotline.journal.model import Phase


class Trigger(StrEnum):
    """What makes an appeal move."""

    SAVE = "save"  # T2
    FORWARD = "forward"  # T4
    ACCEPT = "accept"  # T5
    RECALL = "recall"  # T5b, by the sender before acceptance
    DECLINE = "decline"  # T5b, by the target
    HAND_OVER = "hand_over"  # T4 and T5 in one step: warm transfer (domain 2.9)


class Who(StrEnum):
    """What somebody is to an appeal."""

    CREATOR = "creator"
    OWNER = "owner"
    TARGET = "target"  # it was forwarded to him and he has not accepted yet
    ADMIN = "admin"


class Owner(StrEnum):
    """Who owns the appeal after the move."""

    KEPT = "kept"
    ACTOR = "actor"
    TARGET = "target"


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the table."""

    to: Phase
    by: frozenset[Who]
    right: str
    owner: Owner = Owner.KEPT
    sets_target: bool = False  # forwarded_to is filled; otherwise it is cleared
    needs_comment: bool = False


_OWNER = frozenset({Who.OWNER})

MOVES: Mapping[tuple[Phase, Trigger], Move] = {
    (Phase.DRAFT, Trigger.SAVE): Move(Phase.ACTIVE, frozenset({Who.CREATOR}), "appeal.create", owner=Owner.ACTOR),
    **{
        (phase, Trigger.FORWARD): Move(
            Phase.INCOMING, frozenset({Who.OWNER, Who.ADMIN}), "appeal.forward", sets_target=True
        )
        for phase in (Phase.ACTIVE, Phase.REWORK)
    },
    **{
        (phase, Trigger.HAND_OVER): Move(Phase.ACTIVE, _OWNER, "appeal.forward", owner=Owner.TARGET)
        for phase in (Phase.ACTIVE, Phase.REWORK)
    },
    (Phase.INCOMING, Trigger.ACCEPT): Move(Phase.ACTIVE, frozenset({Who.TARGET}), "appeal.accept", owner=Owner.ACTOR),
    (Phase.INCOMING, Trigger.RECALL): Move(Phase.ACTIVE, _OWNER, "appeal.forward"),
    (Phase.INCOMING, Trigger.DECLINE): Move(Phase.ACTIVE, frozenset({Who.TARGET}), "appeal.accept", needs_comment=True),
}


class IllegalMoveError(Exception):
    """The move is not possible. ``reason``: ``phase``, ``role``, ``right`` or ``comment``."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who wants to move an appeal: what he is to it, and his rights."""

    who: frozenset[Who]
    rights: frozenset[str]


def decide(phase: Phase, trigger: Trigger, actor: Actor, *, comment: str = "") -> Move:
    """Return the move that ``trigger`` makes in ``phase``.

    :raises IllegalMoveError: there is no such move, the actor may not make it, or a comment is missing.
    """
    move = MOVES.get((phase, trigger))
    if move is None:
        raise IllegalMoveError("phase", f"{trigger} is not possible in phase {phase}")
    if actor.who.isdisjoint(move.by):
        raise IllegalMoveError("role", f"{trigger} is for the {' or '.join(sorted(move.by))} of the appeal")
    if move.right not in actor.rights:
        raise IllegalMoveError("right", f"{trigger} needs the right {move.right}")
    if move.needs_comment and not comment.strip():
        raise IllegalMoveError("comment", f"{trigger} needs a comment")
    return move


def possible(phase: Phase, actor: Actor) -> frozenset[Trigger]:
    """Return what ``actor`` may do now (for buttons); a comment can still be asked for."""
    return frozenset(
        trigger
        for (from_phase, trigger), move in MOVES.items()
        if from_phase is phase and not actor.who.isdisjoint(move.by) and move.right in actor.rights
    )


EDITABLE = frozenset({Phase.ACTIVE, Phase.CALLBACK, Phase.REWORK, Phase.PENDING})
"""Phases in which the owner may edit (domain 2.7)."""


def may_edit(phase: Phase, actor: Actor) -> bool:
    """Tell whether ``actor`` may change the card's text now (domain 2.7, profile oms)."""
    if phase is Phase.DELETED:
        return False
    if Who.ADMIN in actor.who and "appeal.edit_any" in actor.rights:
        return True
    return phase in EDITABLE and Who.OWNER in actor.who and "appeal.edit_own" in actor.rights
