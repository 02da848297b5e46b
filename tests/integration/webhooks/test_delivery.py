"""Delivery of events to other systems (issue 6, "API"): at least once, signed, tried again, given up after a day."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select

from hotline.clock import Clock, FakeClock, SystemClock
from hotline.db import Database
from hotline.events import Bus
from hotline.journal import outbox
from hotline.journal.call_news import CallEnded
from hotline.journal.outbox import Outbox
from hotline.journal.tables import OutboxRow
from hotline.journal.tables_terms import NotificationRow
from hotline.profiles.loader import load_profile
from hotline.staff.model import User
from hotline.staff.queries import find_user
from hotline.staff.secret_box import SecretBox, new_key
from hotline.staff.tables import OrganisationRow, RoleRow, UserRoleRow, UserRow
from hotline.webhook import WebhookParts
from hotline.webhooks import keys
from hotline.webhooks.courier import LEASE
from hotline.webhooks.desk import Parcel
from hotline.webhooks.model import HookForm, MessagesWait
from hotline.webhooks.post import Post
from hotline.webhooks.rules import signature
from hotline.webhooks.service import Webhooks
from hotline.webhooks.tables import WebhookDeliveryRow, WebhookRow
from tests.integration.webhooks.process import SETTINGS
from tests.integration.webhooks.receiver import Receiver, receiver

ROOT = Path(__file__).parents[3]
BOX = SecretBox(SETTINGS.secret_keys)


async def administrator(db: Database, clock: Clock) -> User:
    """Make somebody who may manage webhooks."""
    await load_profile(db, "oms", clock)
    async with db.begin() as session:
        home = OrganisationRow(code="07", kind="tfoms", name="Фонд", short_name="ТФОМС")
        session.add(home)
        await session.flush()
        row = UserRow(
            login="root", password_hash="-", last_name="Админов", first_name="А", organisation_id=home.id,
            created_at=clock.now(),
        )  # fmt: skip
        session.add(row)
        await session.flush()
        role = await session.scalar(select(RoleRow.code).where(RoleRow.code == "admin"))
        assert role is not None
        session.add(UserRoleRow(user_id=row.id, role_code=role))
    async with db.begin() as session:
        user = await find_user(session, UserRow.login == "root")
    assert user is not None
    return user


class House:
    """The side that tells: outbox, courier, administration, on one database."""

    def __init__(self, db: Database, clock: Clock, by: User) -> None:
        self.db, self.clock, self.by, self.bus = db, clock, by, Bus()
        self.outbox = Outbox(db, self.bus)
        networks = SETTINGS.webhook_networks
        self.hooks = Webhooks(db, clock, self.bus, BOX, plain_http=True, networks=networks)
        self.parts = WebhookParts(SETTINGS, db, self.bus, clock, self.outbox, tick_s=60)

    async def subscribe(self, to: Receiver, *kinds: str) -> tuple[int, str]:
        made = await self.hooks.create(self.by, HookForm("CRM", to.url, frozenset(kinds or {"call.ended"})))
        return made.id, made.secret

    async def call_ends(self, key: str = "pbx1-1.1") -> None:
        async with self.db.begin() as session:
            outbox.put_call(session, CallEnded(key, self.clock.now(), "in", "hotline", "answered", 3.5, 60.0))
        await self.outbox.relay()

    async def quiet(self) -> None:
        """Wait until what was under way is written down."""
        async with asyncio.timeout(10):
            while under_way := list(self.parts._courier._under_way):
                await asyncio.wait(under_way)

    async def one(self) -> WebhookDeliveryRow:
        async with self.db.begin() as session:
            return (await session.scalars(select(WebhookDeliveryRow))).one()

    async def count(self, table: Any) -> int:
        async with self.db.begin() as session:
            return await session.scalar(select(func.count()).select_from(table)) or 0


@asynccontextmanager
async def running(house: House) -> AsyncIterator[House]:
    house.parts.start()
    try:
        yield house
    finally:
        await house.parts.close()
        await house.bus.close()


@pytest.fixture
async def house(own_db: Database, clock: FakeClock) -> AsyncIterator[House]:
    made = House(own_db, clock, await administrator(own_db, clock))
    async with running(made):
        yield made


async def test_a_receiver_that_fails_and_comes_back_gets_the_message_signed_and_the_same(
    house: House, clock: FakeClock
) -> None:
    """Issue 6: retried with back-off; the same id and body each time, so that the receiver can drop repetitions."""
    async with receiver(500, 503) as crm:
        hook_id, secret = await house.subscribe(crm)
        await house.call_ends()
        got = [await crm.next()]
        for pause in (timedelta(seconds=6), timedelta(seconds=18)):
            await house.quiet()
            row = await house.one()
            assert (row.state, row.attempts) == ("waiting", len(got))
            assert timedelta() < row.next_at - clock.now() <= pause
            clock.advance(row.next_at - clock.now())
            house.bus.publish(MessagesWait())
            got.append(await crm.next())
        await house.quiet()
    row = await house.one()
    assert (row.state, row.attempts, row.last_status, row.webhook_id) == ("delivered", 3, 204, hook_id)
    assert {(one.message_id, one.body) for one in got} == {(row.message_id, row.body.encode())}
    for one in got:
        assert one.signature == signature([secret], one.message_id, int(one.timestamp), one.body)
    told = json.loads(got[0].body)
    assert (told["type"], told["data"]["key"]) == ("call.ended", "pbx1-1.1")
    assert await house.count(OutboxRow) == 0


async def test_after_a_day_the_webhook_is_switched_off_and_its_administrator_told(
    house: House, clock: FakeClock
) -> None:
    """Issue 6: nothing is sent to it any more, and somebody knows; the message can be sent again by hand."""
    async with receiver(500, 500) as crm:
        hook_id, _ = await house.subscribe(crm)
        await house.call_ends()
        await crm.next()
        await house.quiet()
        clock.advance(timedelta(hours=25))
        house.bus.publish(MessagesWait())
        await crm.next()
        await house.quiet()
        row = await house.one()
        hook, _, _ = await house.hooks.get(house.by, hook_id)
        assert (row.state, hook.off_at, hook.off_reason) == ("failed", clock.now(), "no delivery for a day")
        async with house.db.begin() as session:
            notice = (await session.scalars(select(NotificationRow))).one()
        assert (notice.user_id, notice.kind, notice.details) == (house.by.id, "webhook_off", {"webhook": hook_id})
        await house.call_ends("pbx1-2.1")  # nobody wants it now
        assert await house.count(WebhookDeliveryRow) == 1
        await house.hooks.switch(house.by, hook_id, hook.version, on=True)
        await house.hooks.replay(house.by, hook_id, row.id)
        again = await crm.next()
        await house.quiet()
    assert again.message_id == row.message_id
    assert (await house.one()).state == "delivered"


async def test_a_receiver_that_is_gone_is_not_asked_again(house: House) -> None:
    """Standard Webhooks: 410 ends the subscription at once."""
    async with receiver(410) as crm:
        hook_id, _ = await house.subscribe(crm)
        await house.call_ends()
        await crm.next()
        await house.quiet()
    hook, _, _ = await house.hooks.get(house.by, hook_id)
    assert hook.off_reason == "gone"


async def test_a_redirection_is_followed_nowhere(house: House) -> None:
    """CWE-918: a public receiver cannot send us into the house."""
    async with receiver() as secret_place, receiver(secret_place.url) as crm:
        await house.subscribe(crm)
        await house.call_ends()
        await crm.next()
        await house.quiet()
        assert secret_place.arrived.empty()
    row = await house.one()
    assert (row.state, row.last_status) == ("waiting", 302)


async def test_a_name_that_leads_into_the_house_is_not_asked(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """CWE-918: the address is judged where it is connected to; a name that changes between two looks does not help."""
    async with receiver() as crm:
        port = int(crm.url.split(":")[2].split("/")[0])
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: found)
        post = Post(clock, BOX, plain_http=True, networks=())
        parcel = Parcel(1, 1, f"http://crm.example.org:{port}/hook", "evt-1", b"{}", ())
        outcome = await post.send(parcel)
        await post.close()
        assert crm.arrived.empty()
    assert (outcome.status, outcome.problem) == (None, "not a public address")


async def test_a_slow_receiver_does_not_hold_up_the_others(house: House) -> None:
    """Issue 6: at most a few messages at once for each."""
    async with receiver() as slow, receiver() as quick:
        slow.hold.clear()
        await house.subscribe(slow)
        await house.subscribe(quick)
        for number in range(6):
            await house.call_ends(f"pbx1-{number}.1")
        assert len({(await quick.next()).message_id for _ in range(6)}) == 6
        slow.hold.set()
        await house.quiet()
        assert len({(await slow.next()).message_id for _ in range(6)}) == 6


async def test_both_secrets_sign_for_a_day_after_a_change(house: House, clock: FakeClock) -> None:
    """Issue 6, "secrets rotation": the receiver changes its setting without a gap."""
    async with receiver() as crm:
        hook_id, old = await house.subscribe(crm)
        hook, _, _ = await house.hooks.get(house.by, hook_id)
        new = (await house.hooks.rotate(house.by, hook_id, hook.version)).secret
        await house.call_ends()
        first = await crm.next()
        clock.advance(timedelta(hours=24))
        await house.call_ends("pbx1-2.1")
        second = await crm.next()
        await house.quiet()
    assert first.signature == signature([new, old], first.message_id, int(first.timestamp), first.body)
    assert second.signature == signature([new], second.message_id, int(second.timestamp), second.body)


async def test_secrets_are_sealed_and_survive_a_change_of_keys(house: House) -> None:
    """Issue 6, "secrets rotation": nobody reads them in the database; a new first key, and the old one may go."""
    async with receiver() as crm:
        _, secret = await house.subscribe(crm)
        fresh = SecretStr(new_key())
        async with house.db.begin() as session:
            stored = (await session.scalars(select(WebhookRow.secret))).one()
        assert secret not in stored
        assert secret.removeprefix("whsec_") not in stored
        assert await keys.renew(house.db, SecretBox([fresh, *SETTINGS.secret_keys])) == 1
        house.parts._courier._post._box = SecretBox([fresh])
        await house.call_ends()
        got = await crm.next()
        await house.quiet()
    assert got.signature == signature([secret], got.message_id, int(got.timestamp), got.body)


async def test_what_a_killed_service_was_sending_is_sent_after_its_restart(own_db: Database, own_db_url: str) -> None:
    """Issue 6: killed while the receiver has the message in hand; another process sends it again, the same."""
    clock = SystemClock()
    house = House(own_db, clock, await administrator(own_db, clock))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    async with receiver() as crm:
        crm.hold.clear()
        await house.subscribe(crm)
        await house.call_ends()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.integration.webhooks.process", own_db_url, cwd=ROOT, env=environment
        )
        try:
            async with asyncio.timeout(30):
                first = await crm.arrived.get()
        finally:
            process.send_signal(signal.SIGKILL)
            await process.wait()
        taken = await house.one()
        assert (taken.state, taken.attempts) == ("waiting", 1)
        crm.hold.set()
        later = FakeClock(clock.now() + LEASE + timedelta(seconds=5))
        async with running(House(own_db, later, house.by)) as restarted:
            second = await crm.next()
            await restarted.quiet()
    assert (first.message_id, first.body) == (second.message_id, second.body)
    row = await house.one()
    assert (row.state, row.attempts) == ("delivered", 2)
    assert await house.count(WebhookRow) == 1
