"""The pages of citizens who were not served: who sees what, what can be done, files, offers, push (DAY-14, DAY-35)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

from hotline.cti.model import Call, Outcome, QueueChanged
from hotline.stand.tones import sine, write_wav
from tests.integration.web.conftest import CALLER, NOW, Browser, Site, ended_call

SHOWN = "000-11-22"


def lost_call(
    number: str = CALLER, *, key: str = "pbx1-1763622000.9", outcome: Outcome = Outcome.ABANDONED_QUEUE
) -> Call:
    """A call that nobody answered."""
    call = ended_call(key=key)
    return replace(call, caller=number, outcome=outcome, answered_at=None, operator=None, legs=call.legs[:1])


async def lose(site: Site, call: Call) -> int:
    """Write a lost call down and fold it; return the id of the duty."""
    await site.services.calls.record(call)
    (duty_id,) = await site.services.callbacks.look([call.caller or f"?{call.key}"])
    return duty_id


async def version_of(browser: Browser, duty_id: int) -> str:
    page = (await browser.get(f"/callbacks/{duty_id}")).text
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found, page
    return found[1]


async def test_a_duty_from_the_list_to_its_end(site: Site) -> None:
    """Taken from the list, refused to a colleague without losing his text, closed, opened again."""
    async with site.logged_in() as anna, site.logged_in("boris") as boris, anna.events() as stream:
        await stream.next("snapshot")
        duty = await lose(site, lost_call(outcome=Outcome.VOICEMAIL))
        assert await stream.next("callbacks") == {"duty_ids": [duty]}
        listed = (await anna.get("/callbacks")).text
        assert SHOWN in listed
        assert "оставил сообщение" in listed
        assert "/recordings/pbx1-1763622000.9/player" in listed
        assert (await anna.api("GET", "/api/callbacks/count")).json() == {"open": 1, "mine": 0, "overdue": 0}

        version = await version_of(anna, duty)
        taken = await anna.send("POST", f"/callbacks/{duty}/take", form={"version": version})
        assert (taken.status, taken.headers["Location"]) == (303, f"/callbacks/{duty}")
        typed = {"version": version, "closing": "not_reached", "note": "звонил трижды"}
        late = await boris.send("POST", f"/callbacks/{duty}/close", form=typed)
        assert (late.status, "изменил" in late.text) == (409, True)
        refused = await boris.send(
            "POST",
            f"/callbacks/{duty}/close",
            form=typed | {"version": str(int(version) + 1)},
            accept="application/json",
        )
        assert (refused.status, refused.json()["error_id"]) == (409, "callback-taken")
        assert "Аннина" in (await boris.get("/callbacks")).text

        wrong = {
            "version": str(int(version) + 1),
            "result": "later",
            "next_try_at": "2026-11-19T10:00",
            "note": "утром",
        }
        past = await anna.send("POST", f"/callbacks/{duty}/attempt", form=wrong)
        assert past.status == 400
        assert "утром" in past.text, "what was typed stays"
        right = wrong | {"next_try_at": "2026-11-20T16:30"}
        assert (await anna.send("POST", f"/callbacks/{duty}/attempt", form=right)).status == 303
        assert "16:30" in (await anna.get("/callbacks")).text
        version = await version_of(anna, duty)
        closed = await anna.send("POST", f"/callbacks/{duty}/close", form=typed | {"version": version})
        assert closed.status == 303
        done = (await anna.get("/callbacks?folder=closed")).text
        assert "дозвониться не удалось" in done
        version = await version_of(anna, duty)
        assert (await anna.send("POST", f"/callbacks/{duty}/reopen", form={"version": version})).status == 303
        whole = (await anna.get(f"/callbacks/{duty}")).text
        assert [word in whole for word in ("утром", "звонил трижды", "открыт снова")] == [True] * 3


async def test_a_supervisor_insists_and_nobody_else_does(site: Site) -> None:
    duty = await lose(site, lost_call())
    async with site.logged_in() as anna, site.logged_in("boris") as boris, site.logged_in("boss") as boss:
        version = await version_of(anna, duty)
        await anna.send("POST", f"/callbacks/{duty}/take", form={"version": version})
        now = {"version": str(int(version) + 1), "insists": "1"}
        assert (await boris.send("POST", f"/callbacks/{duty}/take", form=now)).status == 409
        assert (await boss.send("POST", f"/callbacks/{duty}/take", form=now)).status == 303
        assert (await anna.api("GET", "/api/callbacks/count")).json()["mine"] == 0


async def test_who_serves_no_queue_sees_nobody(site: Site) -> None:
    """Operators see those of their queues; others' duties are not even there."""
    duty = await lose(site, lost_call())
    async with site.logged_in("vera") as vera:
        page = await vera.get("/callbacks")
        assert page.status == 200
        assert SHOWN not in page.text
        assert (await vera.get(f"/callbacks/{duty}")).status == 404
        assert (await vera.send("POST", f"/callbacks/{duty}/take", form={"version": "1"})).status == 404
        assert (await vera.send("POST", "/callbacks/export", form={"format": "csv"})).status == 403


async def test_numbers_are_masked_and_files_run_nothing(site: Site) -> None:
    """A supervisor works with no numbers: he sees the last digits, in the file as well (domain 3.4, DAY-43)."""
    await lose(site, lost_call())
    await lose(site, replace(lost_call(key="pbx1-1763622000.8"), caller=None))
    async with site.logged_in("boss") as boss:
        listed = (await boss.get("/callbacks")).text
        assert SHOWN not in listed
        assert "••••1122" in listed
        assert "номер скрыт" in listed
        table = await boss.send("POST", "/callbacks/export", form={"format": "csv", "folder": "open"})
        assert table.status == 200
        assert CALLER not in table.text
        assert "не дождался ответа" in table.text
        book = await boss.send("POST", "/callbacks/export", form={"format": "xlsx", "folder": "open"})
        assert book.body.startswith(b"PK")
        assert (await boss.send("POST", "/callbacks/export", form={"format": "exe"})).status == 400
        assert (await boss.get("/callbacks?folder=nothing")).status == 400


async def test_a_free_operator_is_offered_the_next_one_while_nobody_waits(site: Site) -> None:
    await lose(site, lost_call())
    async with site.logged_in() as anna:
        assert (await anna.fragment("/callbacks/next")).status == 204, "not at work"
        await anna.api("POST", "/api/operator/start", {"microphone": True})
        offered = await anna.fragment("/callbacks/next")
        assert offered.status == 200
        assert SHOWN in offered.text
        site.bus.publish(QueueChanged("pbx1", "hotline", 1, NOW - timedelta(seconds=3), NOW))
        await site.bus.drain()
        assert (await anna.fragment("/callbacks/next")).status == 204, "a citizen waits on the line"


async def test_a_message_is_heard_by_who_may_call_back_and_listening_is_noted(site: Site) -> None:
    """An operator of the queue hears it, whoever serves no queue does not, and another lost call is nobody's (3.4)."""
    message = replace(lost_call(outcome=Outcome.VOICEMAIL), recorded=True)
    await lose(site, message)
    write_wav(site.recording_dir / f"{message.key}.wav", sine(440.0, 1.0))
    silent = replace(lost_call("+79280001133", key="pbx1-1763622000.7"), recorded=True)
    await lose(site, silent)
    write_wav(site.recording_dir / f"{silent.key}.wav", sine(440.0, 1.0))
    async with site.logged_in() as anna, site.logged_in("vera") as vera:
        assert (await anna.get(f"/recordings/{message.key}/player")).status == 200
        assert (await anna.get(f"/recordings/{message.key}")).status == 200
        assert (await vera.get(f"/recordings/{message.key}/player")).status == 404
        assert (await anna.get(f"/recordings/{silent.key}/player")).status == 404
    heard = await site.services.recordings.listeners(message.key)
    assert [one.reason for one in heard] == [""]
