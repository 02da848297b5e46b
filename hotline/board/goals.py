"""Goals of queues (DAY-34): what a queue aims at, and whose it is. Versioned, audited; board and statistics read it.

A queue of which nobody has said anything aims at :class:`Goal`'s own figures and belongs to the hotline's own
organisation: :func:`hotline.board.model.owner_of` is the one place that says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from hotline.board import store
from hotline.board.figures import Goal
from hotline.board.model import QueueSetting, Scope, owner_of
from hotline.board.tables import BoardQueueRow
from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Conflict, NotFound
from hotline.staff.admin_rules import everywhere
from hotline.staff.history import write_change
from hotline.staff.model import User
from hotline.staff.tables import OrganisationRow

ENTITY = "queue_goal"
LONGEST_NAME = 80
"""Characters of a queue's name; Asterisk's own limit."""
BOUNDS: Mapping[str, tuple[int, int]] = {"percent": (1, 100), "within_s": (1, 3600), "short_s": (0, 60)}
"""Field → least and most; the table checks the same."""


@dataclass(frozen=True, slots=True)
class GoalForm:
    """What somebody typed. ``organisation_id`` ``None``: the hotline's own organisation."""

    goal: Goal
    organisation_id: int | None


def edits_of(user: User) -> Scope:
    """Return whose queues a manager of queues edits: those of an insurer their own (domain 2.8)."""
    return Scope(None) if everywhere(user.organisation) else Scope(user.organisation.id)


def read_form(sent: Mapping[str, str]) -> GoalForm:
    """Read what was typed.

    :raises BadInput: ``details`` says what is wrong with each field.
    """
    problems: dict[str, str] = {}
    found: dict[str, int] = {}
    for name, (least, most) in BOUNDS.items():
        text = sent.get(name, "").strip()
        if text.isascii() and text.isdecimal() and len(text) <= 6 and least <= int(text) <= most:
            found[name] = int(text)
        else:
            problems[name] = f"{least} to {most}"
    if not problems and found["short_s"] >= found["within_s"]:
        problems["short_s"] = "less than the seconds of the goal"
    organisation = sent.get("organisation", "").strip()
    if organisation and not (organisation.isascii() and organisation.isdecimal() and len(organisation) <= 18):
        problems["organisation"] = "unknown"
    if problems:
        raise BadInput("the goal cannot be kept", details=problems)
    return GoalForm(Goal(**found), int(organisation) if organisation else None)


_OWNERS = ("tfoms", "federal", "territorial", "executor_body", "smo", "insurer", "plan_operator")
"""Kinds of organisations (domain 2.2) whose people take calls; thousands of clinics have no queue."""


class Goals:
    """Reads and writes the goals.

    :param home: code of the organisation whose hotline this is.
    """

    def __init__(self, database: Database, clock: Clock, home: str) -> None:
        self._db = database
        self._clock = clock
        self._home = home

    async def save(self, by: User, queue: str, form: GoalForm, version: int) -> QueueSetting:
        """Say what a queue aims at, and whose it is; an insurer's administrator cannot change the latter.

        :param version: what was read; 0: nobody had said anything.
        :raises BadInput: there is no such organisation.
        :raises NotFound: the queue is another organisation's.
        :raises Conflict: somebody changed it since ``version`` (``stale-record``).
        """
        scope, goal = edits_of(by), Goal()
        async with self._db.begin() as session:
            blank = insert(BoardQueueRow).values(
                queue=queue, goal_percent=goal.percent, goal_s=goal.within_s, short_s=goal.short_s, version=0
            )
            await session.execute(blank.on_conflict_do_nothing(index_elements=["queue"]))
            row = await session.get_one(BoardQueueRow, queue, with_for_update=True)
            home = await store.organisation_id(session, self._home)
            if not scope.covers(owner_of(store.setting_of(row), home)):
                raise NotFound("there is no such queue")
            if row.version != version:
                raise Conflict("somebody else changed this meanwhile", error_id="stale-record")
            before = _facts(row)
            if scope.organisation_id is None:
                known = select(OrganisationRow.id).where(OrganisationRow.id == form.organisation_id)
                if form.organisation_id is not None and await session.scalar(known) is None:
                    raise BadInput("the goal cannot be kept", details={"organisation": "unknown"})
                row.organisation_id = form.organisation_id
            row.goal_percent, row.goal_s, row.short_s = form.goal.percent, form.goal.within_s, form.goal.short_s
            row.version = version + 1
            write_change(session, (ENTITY, queue), before, _facts(row), by=by, at=self._clock.now())
            return store.setting_of(row)

    async def all(self) -> dict[str, QueueSetting]:
        """Return what was said of queues, by name."""
        async with self._db.begin() as session:
            return await store.settings(session)

    async def organisations(self) -> tuple[tuple[int, str], ...]:
        """Return the organisations to which a queue can belong, with their short names."""
        statement = select(OrganisationRow.id, OrganisationRow.short_name).where(OrganisationRow.kind.in_(_OWNERS))
        async with self._db.begin() as session:
            rows = await session.execute(statement.order_by(OrganisationRow.short_name, OrganisationRow.id))
            return tuple((row.id, row.short_name) for row in rows)


def _facts(row: BoardQueueRow) -> dict[str, Any]:
    return {
        "percent": row.goal_percent,
        "within_s": row.goal_s,
        "short_s": row.short_s,
        "organisation": row.organisation_id,
    }
