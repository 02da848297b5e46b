"""A thousand cards saved at once: no gap and no duplicate in the numbers, whatever is refused on the way (S000-32)."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from hotline.errors import BadInput
from hotline.journal.card_form import CardForm
from hotline.journal.tables import AppealRecord, NumberCounterRow, StatusEventRow
from hotline.journal.tables_classifier import ChannelRow
from hotline.staff.tables import OrganisationRow
from tests.integration.journal.world import World

AT_ONCE = 20
"""As many as the service has connections."""
SAVED = 1000
ORAL = ("op101", "op102", "op201", "op202", "sp501", "sp502")
WRITTEN = ("op201", "op202", "sp502")
"""Those of them who register letters."""
REFUSED = "отказ базы"


@dataclass(frozen=True, slots=True)
class Saving:
    """One press of «Сохранить»."""

    login: str
    form: CardForm
    key: str
    fails: type[Exception] | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """What the journal holds of an appeal."""

    key: str
    number: str
    creator: int
    channel: str
    organisation: str


async def test_a_thousand_saved_at_once_have_numbers_without_a_gap_or_a_duplicate(own_world: World) -> None:
    """S000-32, domain 2.6: each channel, two organisations, twenty at a time on real connections.

    Beside them: every sixteenth is tried with a wrong topic before its number is drawn, every twentieth is
    refused by PostgreSQL after it, and every twenty-fifth is pressed twice.
    """
    world = own_world
    channels = await _channels(world)
    async with world.db.begin() as session:
        # Whatever fails after the number was drawn: here, PostgreSQL itself refuses the row.
        await session.execute(text(f"ALTER TABLE appeal ADD CONSTRAINT test_refuse CHECK (title <> '{REFUSED}')"))
    savings = _savings(world, channels)
    running = asyncio.Semaphore(AT_ONCE)

    async def save(one: Saving) -> str:
        async with running:
            if one.fails is not None:
                with pytest.raises(one.fails):
                    await world.journal.appeals.save_card(world.people[one.login], one.form, one.key)
                return ""
            return (await world.journal.appeals.save_card(world.people[one.login], one.form, one.key)).number

    async with asyncio.timeout(200):
        told = await asyncio.gather(*map(save, savings))

    numbers = {one.key: number for one, number in zip(savings, told, strict=True) if number}
    assert all(numbers.get(one.key, "") == number for one, number in zip(savings, told, strict=True))
    stored = await _stored(world)
    assert {one.key: one.number for one in stored} == numbers
    assert Counter((one.creator, one.channel) for one in stored) == Counter(
        (world.people[login].id, channel) for login, channel in _cards(world, channels)
    )
    await _check_numbers(world, stored)
    async with world.db.begin() as session:
        begun = (await session.execute(select(StatusEventRow.appeal_id, func.count()).group_by("appeal_id"))).all()
    assert (len(begun), {count for _, count in begun}) == (SAVED, {1})


async def _channels(world: World) -> dict[str, str]:
    """Return the form of each channel of the profile."""
    async with world.db.begin() as session:
        return {row.code: row.form for row in await session.execute(select(ChannelRow.code, ChannelRow.form))}


def _cards(world: World, channels: dict[str, str]) -> list[tuple[str, str]]:
    """Return who saves by which channel, evenly over everybody who may."""
    may = [(login, code) for code, form in channels.items() for login in (WRITTEN if form == "written" else ORAL)]
    assert {world.people[login].organisation.code for login, _ in may} == {"00", "00001"}
    return [may[number % len(may)] for number in range(SAVED)]


def _savings(world: World, channels: dict[str, str]) -> Sequence[Saving]:
    found = []
    for number, (login, channel) in enumerate(_cards(world, channels)):
        name, key = f"Нагрузкин{number}", f"load-{number}"
        form = world.form(applicant_last_name=name, channel=channel)
        found += [Saving(login, form, key)] * (2 if number % 25 == 0 else 1)
        if number % 16 == 0:
            wrong = world.form(applicant_last_name=name, channel=channel, topic="9.99")
            found.append(Saving(login, wrong, f"wrong-{number}", BadInput))
        if number % 20 == 0:
            late = world.form(applicant_last_name=name, channel=channel, title=REFUSED)
            found.append(Saving(login, late, f"late-{number}", IntegrityError))
    random.Random(32).shuffle(found)
    return found


async def _stored(world: World) -> list[Stored]:
    columns = (
        AppealRecord.idempotency_key,
        AppealRecord.number,
        AppealRecord.creator_id,
        AppealRecord.channel_code,
        OrganisationRow.code,
    )
    statement = select(*columns).join(OrganisationRow, OrganisationRow.id == AppealRecord.organisation_id)
    async with world.db.begin() as session:
        return [Stored(*row) for row in await session.execute(statement)]


async def _check_numbers(world: World, stored: Sequence[Stored]) -> None:
    """Each organisation has all numbers from the first to its last, and its counter stands at the last."""
    counts = Counter(one.organisation for one in stored)
    for organisation, count in counts.items():
        drawn = sorted(one.number for one in stored if one.organisation == organisation)
        assert drawn == [f"{organisation}-20112026-{seq:05d}" for seq in range(1, count + 1)]
    statement = select(OrganisationRow.code, NumberCounterRow.value).join(
        OrganisationRow, OrganisationRow.id == NumberCounterRow.organisation_id
    )
    async with world.db.begin() as session:
        assert {row.code: row.value for row in await session.execute(statement)} == dict(counts)
