"""A small hotline for tests: profile oms, the demo people, and shortcuts to make calls and cards."""

from __future__ import annotations

import itertools
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from sqlalchemy import event
from sqlalchemy.engine import Engine

from hotline.clock import FakeClock
from hotline.config import Settings
from hotline.cti.model import Call, Direction, EndedBy, EndSource, Leg, LegRole, Outcome, Phase
from hotline.db import Database
from hotline.events import Bus
from hotline.journal.card_form import CardForm, PersonFields
from hotline.journal.model import Appeal
from hotline.journal.service import Journal
from hotline.profiles.demo import load_demo
from hotline.profiles.loader import load_profile
from hotline.staff.model import User
from hotline.staff.service import StaffService

# Real argon2, as cheap as it goes: these tests are not about its cost.
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "demonstration"


@dataclass
class World:
    """Everything a test needs, over one database."""

    db: Database
    clock: FakeClock
    journal: Journal
    staff: StaffService
    people: dict[str, User]
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def call(self, extension: str = "101", caller: str | None = "+70005550000", *, ended: bool = True) -> Call:
        """Make a call that ``extension`` answered."""
        key = f"pbx1-1763622000.{next(self._numbers)}"
        start = self.clock.now()
        agent = Leg(f"{key}0", f"PJSIP/{extension}-1", LegRole.AGENT, extension, at(start, 6), at(start, 10))
        call = Call(
            key,
            "pbx1",
            Direction.IN,
            Phase.TALKING,
            caller,
            "88001000000",
            start,
            queue="hotline",
            queued_at=at(start, 5),
            offered_at=at(start, 6),
            answered_at=at(start, 10),
            operator=extension,
            recorded=True,
            legs=(Leg(key, "PJSIP/trunk-1", LegRole.CALLER, None, start, start), agent),
        )
        return end(call, 60) if ended else call

    def form(self, **changes: str) -> CardForm:
        """Make a card that can be saved; ``changes`` are flat field names."""
        card = CardForm(
            type="2",
            topic="2.01",
            channel="K01",
            source="I01",
            content="Как получить полис?",
            applicant=PersonFields(last_name="Звонков", first_name="Пётр", phone="8 000 777-01-01"),
        )
        return CardForm.from_fields(card.to_fields() | changes)

    async def save(self, login: str = "op101", **changes: str) -> Appeal:
        """Save a card as ``login``."""
        key = f"key-{next(self._numbers)}"
        return await self.journal.appeals.save_card(self.people[login], self.form(**changes), key)


def at(start: datetime, seconds: float) -> datetime:
    return start + timedelta(seconds=seconds)


def end(call: Call, seconds: float, source: EndSource = EndSource.AMI) -> Call:
    """Return the call after its end."""
    ended_at = at(call.started_at, seconds)
    return replace(
        call,
        phase=Phase.ENDED,
        ended_at=ended_at,
        outcome=Outcome.ANSWERED,
        ended_by=EndedBy.CALLER,
        end_source=source,
        legs=tuple(replace(leg, ended_at=ended_at, cause=16) for leg in call.legs),
    )


async def fill(db: Database, clock: FakeClock) -> None:
    """Load the profile and the demo people."""
    await load_profile(db, "oms", clock)
    await load_demo(db, clock=clock, hasher=QUICK)


async def make_world(db: Database, clock: FakeClock, bus: Bus | None = None) -> World:
    """Make the services over a database that :func:`fill` has filled."""
    settings = Settings()
    staff = StaffService(db, clock, settings, hasher=QUICK)
    entries = await staff.directory("")
    people = [await staff.user(entry.user_id) for entry in entries]
    return World(
        db, clock, Journal(db, clock, settings, bus), staff, {user.login: user for user in people if user is not None}
    )


@asynccontextmanager
async def statements() -> AsyncIterator[list[str]]:
    """Collect the statements that are sent to PostgreSQL inside the block, but not those of transactions."""
    sent: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def generic_plan(world: World, statement: str, *settings: str) -> str:
    """Return the plan that PostgreSQL makes for ``statement`` without knowing its parameters.

    :param settings: of the planner; ``enable_seqscan = off`` where a table is too small for an index to pay.
    """
    parameters = max((int(number) for number in re.findall(r"\$(\d+)", statement)), default=0)
    arguments = f"({', '.join(['NULL'] * parameters)})" if parameters else ""
    async with world.db.begin() as session:
        connection = await session.connection()
        for setting in (*settings, "plan_cache_mode = force_generic_plan"):
            await connection.exec_driver_sql(f"SET LOCAL {setting}")
        await connection.exec_driver_sql(f"PREPARE test_plan AS {statement}")
        rows = await connection.exec_driver_sql(f"EXPLAIN EXECUTE test_plan{arguments}")
        plan = "\n".join(row[0] for row in rows)
        await connection.exec_driver_sql("DEALLOCATE test_plan")
    return plan
