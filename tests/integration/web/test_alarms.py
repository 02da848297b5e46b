"""Alarms of the board: rules, what goes off, confirming, letters by a real SMTP server (DAY-34, DAY-36)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from json import dumps
from typing import Any

from hotline.board.mail import AlarmMail
from hotline.cti.model import QueueChanged
from hotline.queue.tables_lines import DistributionRuleRow
from hotline.staff.model import NewUser
from hotline.staff.tables import OrganisationRow
from hotline.web.alarm_words import letter_words
from tests.integration.web.conftest import NOW, PASSWORD, Browser, Site

RULE = {"kind": "waiting", "threshold": "2", "queue": "", "hold_s": "0", "repeat_min": "15", "sound": "1", "emails": ""}


@dataclass
class Postman:
    """A mail server that takes one letter after the other (RFC 5321), as much of it as smtplib speaks."""

    refuses: int = 0
    letters: asyncio.Queue[EmailMessage] = field(default_factory=asyncio.Queue)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk with one client."""
        writer.write(b"220 test\r\n")
        while line := await reader.readline():
            word = line.split()[0].upper() if line.split() else b""
            if word == b"DATA" and self.refuses:
                self.refuses -= 1
                writer.write(b"451 not now\r\n")
            elif word == b"DATA":
                writer.write(b"354 go on\r\n")
                text = await reader.readuntil(b"\r\n.\r\n")
                letter = message_from_bytes(text[:-3], policy=policy.default)
                assert isinstance(letter, EmailMessage)
                writer.write(b"250 taken\r\n")
                self.letters.put_nowait(letter)
            elif word == b"QUIT":
                writer.write(b"221 bye\r\n")
                break
            else:
                writer.write(b"250 ok\r\n")
            await writer.drain()
        writer.close()


@asynccontextmanager
async def postman() -> AsyncIterator[Postman]:
    """Run one on a free port."""
    its = Postman()
    server = await asyncio.start_server(its.serve, "127.0.0.1", 0)
    its.port = server.sockets[0].getsockname()[1]
    async with server:
        yield its


async def make_rule(browser: Browser, **changes: str) -> int:
    """Make a rule; return its id."""
    form = {**RULE, **changes}
    answer = await browser.send("POST", "/admin/alarms", form=form, accept="application/json")
    assert answer.status == 200, answer.text
    made: int = answer.json()["id"]
    return made


async def look(site: Site, waiting: int, *, later_s: int = 0) -> None:
    """So many wait now; the alarms look at it."""
    now = site.clock.advance(timedelta(seconds=later_s)) if later_s else site.clock.now()
    site.services.board.live.set_waiting(QueueChanged("pbx1", "hotline", waiting, now if waiting else None, now))
    await site.services.alarms.look()


async def on_now(browser: Browser) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await browser.api("GET", "/api/alarms")).json()["alarms"]
    return found


async def test_an_alarm_goes_off_is_confirmed_and_is_over(site: Site) -> None:
    """DAY-34: on the board at once, once, until it is clearly good again; who confirmed it stands in the history."""
    async with site.logged_in("boss") as boss, boss.events() as stream:
        await make_rule(boss)
        await stream.next("snapshot")
        await stream.say(dumps({"type": "board", "data": {"on": True}}))
        assert (await stream.next("board.alarms"))["alarms"] == []
        await look(site, 3)
        (alarm,) = (await stream.next("board.alarms"))["alarms"]
        assert (alarm["kind"], alarm["subject"], alarm["value"], alarm["sound"]) == ("waiting", "hotline", 3, True)
        await look(site, 5)
        assert [one["value"] for one in await on_now(boss)] == [5]
        assert (await boss.api("POST", f"/api/alarms/{alarm['id']}/seen")).status == 200
        assert (await on_now(boss))[0]["seen_by"] == "Главный И."
        await look(site, 1)
        assert len(await on_now(boss)) == 1
        await look(site, 1, later_s=11)
        assert await on_now(boss) == []
        page = await boss.get("/board/alarms")
        assert "Главный И." in page.text
        assert "5" in page.text


async def test_what_was_on_is_still_on_after_a_kill(site: Site) -> None:
    """DAY-34: a new process takes it over and raises nothing twice."""
    async with site.logged_in("boss") as boss:
        await make_rule(boss)
        await look(site, 3)
        (before,) = await on_now(boss)
        its = site.services.alarms
        its._open.clear()
        its._standings.clear()
        its.rules_changed()
        await look(site, 3)
        assert [one["id"] for one in await on_now(boss)] == [before["id"]]


async def test_a_closed_rule_rings_no_more_and_an_old_form_changes_nothing(site: Site) -> None:
    """Rules are versioned and closed by date; the history keeps what they raised."""
    async with site.logged_in("boss") as boss:
        rule = await make_rule(boss)
        await look(site, 3)
        form = {**RULE, "threshold": "4", "version": "1"}
        assert (await boss.send("POST", f"/admin/alarms/{rule}", form=form)).status == 303
        stale = await boss.send("POST", f"/admin/alarms/{rule}", form={**form, "emails": "x@example.org"})
        assert stale.status == 409
        assert "x@example.org" in stale.text  # what was typed is still there
        closed = await boss.send("POST", f"/admin/alarms/{rule}", form={**form, "version": "2", "close": "1"})
        assert closed.status == 303
        await look(site, 9)
        assert await on_now(boss) == []
        assert (await boss.send("POST", f"/admin/alarms/{rule}", form={**form, "version": "3"})).status == 404


async def test_bad_rules_are_refused_field_by_field(site: Site) -> None:
    """Bad input gets a clear error and loses nothing."""
    async with site.logged_in("boss") as boss:
        wrong = {"threshold": "many", "hold_s": "-1", "repeat_min": "0", "emails": "a@b.ru, nobody"}
        refused = await boss.send("POST", "/admin/alarms", form={**RULE, **wrong}, accept="application/json")
        assert refused.status == 400
        assert set(refused.json()["details"]) == set(wrong)
        page = await boss.send("POST", "/admin/alarms", form={**RULE, **wrong})
        assert 'value="a@b.ru, nobody"' in page.text
        unknown = await boss.send("POST", "/admin/alarms", form={**RULE, "kind": "weather"}, accept="application/json")
        assert list(unknown.json()["details"]) == ["kind"]


async def test_another_organisation_neither_sees_nor_confirms_our_alarms(site: Site) -> None:
    """Domain 2.8: 404 as for an alarm that nobody has; its rules watch its own operators only."""
    async with site.services.database.begin() as session:
        session.add(OrganisationRow(code="07001", kind="smo", name="Страховая", short_name="СМО"))
    new = NewUser("chief", PASSWORD, "Страхова", "Имя", "07001", ("supervisor",), "", "801")
    await site.services.staff.create_user(new)
    site.services.board.settings_changed()
    await site.services.board.tick()
    async with site.logged_in("boss") as boss, site.logged_in("chief") as chief:
        rule = await make_rule(boss)
        await make_rule(chief, threshold="0")
        await look(site, 3)
        (alarm,) = await on_now(boss)
        assert await on_now(chief) == []
        assert (await chief.api("POST", f"/api/alarms/{alarm['id']}/seen")).status == 404
        form = {**RULE, "version": "1", "close": "1"}
        assert (await chief.send("POST", f"/admin/alarms/{rule}", form=form)).status == 404


async def named(site: Site) -> None:
    """The administration calls its queue something."""
    async with site.services.database.begin() as session:
        body = {"title": "Общая линия"}
        session.add(DistributionRuleRow(kind="queue", code="hotline", version=1, changed_at=NOW, body=body))
    site.services.board.settings_changed()
    await site.services.board.tick()


async def test_alarms_call_a_queue_by_its_name(site: Site) -> None:
    """DAY-34: on the board, in the history, in the form of a rule, and after a new start of the service."""
    await named(site)
    async with site.logged_in("boss") as boss:
        await make_rule(boss, queue="hotline")
        await look(site, 3)
        assert (await on_now(boss))[0]["subject"] == "Общая линия"
        its = site.services.alarms
        its._open.clear()
        its.rules_changed()
        await look(site, 3)
        assert (await on_now(boss))[0]["subject"] == "Общая линия"
        assert "очередь Общая линия" in (await boss.get("/board/alarms")).text
        assert '<option value="hotline" selected>Общая линия</option>' in (await boss.get("/admin/alarms")).text


async def test_a_letter_is_sent_once_and_again_when_the_server_refused_it(site: Site) -> None:
    """DAY-29, DAY-34: queue and figure, no person; what was due when the service died goes out after the next start."""
    async with postman() as post, site.logged_in("boss") as boss:
        settings = site.services.settings.model_copy(
            update={"smtp_host": "127.0.0.1", "smtp_port": post.port, "smtp_from": "hotline@example.org"}
        )
        await named(site)
        mail = AlarmMail(site.services.database, site.clock, settings, letter_words(settings))
        await make_rule(boss, emails="duty@example.org, chief@example.org")
        await look(site, 3)
        (alarm,) = await on_now(boss)
        post.refuses = 1
        refused = await asyncio.gather(mail.send(alarm["id"]), return_exceptions=True)
        assert getattr(refused[0], "error_id", "") == "mail-failed"
        assert await mail.due() == [alarm["id"]]
        await mail.send(alarm["id"])
        async with asyncio.timeout(5):
            letter = await post.letters.get()
        assert letter["To"] == "duty@example.org, chief@example.org"
        assert letter["Subject"] == "Горячая линия: Слишком многие ждут, очередь Общая линия"
        assert "Сейчас 3, порог 2." in letter.get_content()
        assert await mail.due() == []
        await mail.send(alarm["id"])
        assert post.letters.empty()


async def test_the_rules_are_for_who_manages_queues(site: Site) -> None:
    """S000-01: an operator reaches neither the rules nor the alarms."""
    async with site.logged_in("anna") as anna:
        assert (await anna.get("/admin/alarms")).status == 403
        assert (await anna.get("/board/alarms")).status == 403
    async with site.logged_in("boss") as boss:
        assert (await boss.get("/admin/alarms")).status == 200
    assert site.clock.now() == NOW
