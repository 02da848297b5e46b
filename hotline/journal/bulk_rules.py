"""What an administrator's action on many appeals would do to each of them (S000-77, S000-78, DAY-38). Pure.

An action is a wish; which move of the profile fulfils it depends on where the appeal is: «approve» closes what was
closed by an operator and extends where more time was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hotline.journal.process_model import Actor, Facts, Process
from hotline.journal.workflow import IllegalMoveError, asked, choose

MOST = 500
"""Appeals that one action may concern."""
EXTEND = "extend"
"""The move by which the administrator gives more time unasked (S000-76)."""


class BulkAction(StrEnum):
    """What may be done with many appeals at once."""

    APPROVE = "approve"
    RETURN = "return"
    EXTEND = "extend"
    REASSIGN = "reassign"
    DELETE = "delete"
    RESTORE = "restore"


TRIGGERS: Mapping[BulkAction, tuple[str, ...]] = {
    BulkAction.APPROVE: ("final_close", "approve_extension"),
    BulkAction.RETURN: ("return", "refuse_extension"),
    BulkAction.EXTEND: ("approve_extension", EXTEND),
    BulkAction.REASSIGN: ("reassign",),
    BulkAction.DELETE: ("delete",),
    BulkAction.RESTORE: ("restore",),
}
"""Moves that fulfil an action; the first that is possible is made."""

RIGHTS: Mapping[BulkAction, str] = {
    BulkAction.APPROVE: "appeal.final_close",
    BulkAction.RETURN: "appeal.return",
    BulkAction.EXTEND: "appeal.extend",
    BulkAction.REASSIGN: "appeal.edit_any",
    BulkAction.DELETE: "appeal.delete",
    BulkAction.RESTORE: "appeal.restore",
}
"""Without it the action is not offered; the moves ask for their own rights besides."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What would be done with one appeal.

    :ivar trigger: the move; ``""`` when nothing can be done.
    :ivar needs: words of ``process_model.Ask`` that the move asks for.
    :ivar problem: why not: ``phase``, ``role``, ``right`` or ``condition``; ``""`` when it can.
    """

    trigger: str = ""
    code: str = ""  # of the transition
    needs: frozenset[str] = frozenset()
    problem: str = ""


def plan(process: Process, facts: Facts, actor: Actor, action: BulkAction) -> Planned:
    """Return what ``action`` would do with an appeal now."""
    problem = ""
    for trigger in TRIGGERS[action]:
        try:
            found = choose(process, facts, trigger, actor)
        except IllegalMoveError as error:
            # The most telling refusal: a move that is only for others says more than one from another phase.
            problem = error.reason if not problem or problem == "phase" else problem
            continue
        return Planned(trigger, found.code, frozenset(clause.word for clause in asked(found, facts)))
    return Planned(problem=problem)


@dataclass(frozen=True, slots=True)
class BulkForm:
    """What is given for all of them."""

    comment: str = ""
    due_at: datetime | None = None
    """The new deadline of each; ``None``: the one that its preview shows."""
    to_user_id: int | None = None


@dataclass(frozen=True, slots=True)
class BulkRow:
    """One line of the preview."""

    id: int
    number: str
    version: int
    status: str  # title
    owner: str  # short name
    due_at: datetime
    planned: Planned
    new_due: datetime | None = None  # when the deadline would move


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What became of one appeal."""

    id: int
    number: str
    done: str = ""
    """The move that was made; ``""`` when none was."""
    version: int = 0
    error_id: str = ""
    details: Mapping[str, object] | None = None
