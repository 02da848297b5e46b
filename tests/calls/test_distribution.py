"""The administration's rules on a real Asterisk with real calls: one call for each kind of rule (S001-011, S001-012).

The plan comes from ``lines_rules``, ``cti.distribution`` brings it there as the service does, SIPp calls.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hotline.clock import SystemClock
from hotline.cti.distribution import Distribution, Mended
from hotline.cti.framing import Message
from hotline.cti.link import AmiLink
from hotline.cti.linkrules import Value
from hotline.cti.model import LinkState
from hotline.errors import Unavailable
from hotline.queue.lines_explain import Imagined, StepKind, explain
from hotline.queue.lines_model import (
    Hours,
    Level,
    Line,
    Person,
    Priority,
    Queue,
    Rules,
    Skill,
    SkillKind,
    Strategy,
    Taker,
    Then,
    Vip,
)
from hotline.queue.lines_rules import places_of, plan
from hotline.stand.service import Stand
from hotline.stand.sipp import citizen_calls
from tests.calls.asterisk import Event, Events, ami
from tests.calls.citizen import Citizen
from tests.calls.ears import hears_music
from tests.calls.operators import operator

pytestmark = pytest.mark.calls

RULES = Rules(
    "hotline",
    queues={
        "hotline": Queue("Основная", strategy=Strategy.ROUND_ROBIN, ring_s=20, max_wait_s=60),
        "first": Queue("Первая", max_wait_s=1, then=Then.QUEUE, then_queue="second"),
        "second": Queue("Вторая", max_wait_s=1),
        "levels": Queue("Уровни", levels=(Level(0, 9), Level(2, 100))),
        "tatar": Queue("Татарский", announce_s=30),
    },
    lines={
        "112": Line("Основная", "hotline"),
        "2001": Line("С переходом", "first", worth=3),
        "2002": Line("По уровням", "levels"),
        "2003": Line("С меню", "hotline", menu="beep", digits={"2": "tatar"}),
        "2004": Line("Закрытая", "hotline", hours="never"),
        "2005": Line("Открытая", "hotline", hours="always"),
        "2006": Line("Татарская", "tatar"),
    },
    hours={
        "never": Hours("Закрыто сегодня", ("00:00-24:00",) * 7, by_calendar=True, day_off=""),
        "always": Hours("Круглосуточно", ("00:00-12:00, 12:00-24:00",) * 7, by_calendar=False),
    },
    priority=Priority(returning=20, minutes=60, vip=(Vip("9280009999", 50),)),
)


def days_around() -> dict[date, bool]:
    """Days off of the calendar: yesterday, today and tomorrow, whatever the time zone."""
    today = datetime.now(UTC).date()
    return {today + timedelta(days=ahead): False for ahead in (-1, 0, 1)}


async def apply(distribution: Distribution, rules: Rules) -> Mended:
    made = plan(rules, days_around(), datetime.now(UTC).date())
    return await distribution.apply(made.keys, made.queues, made.levels)


@asynccontextmanager
async def linked(stand: Stand) -> AsyncIterator[AmiLink]:
    link = AmiLink(stand.asterisk.settings, lambda _message: None, lambda _state, _reason: None, SystemClock())
    await link.start()
    try:
        async with asyncio.timeout(20):
            await link.wait_for(LinkState.SYNCING)
        yield link
    finally:
        await link.stop()


@pytest.fixture
async def ruled(stand: Stand) -> AsyncIterator[Distribution]:
    """The link of a service, and Asterisk with the rules of this module."""
    async with linked(stand) as link:
        distribution = Distribution(link)
        await apply(distribution, RULES)
        yield distribution


@asynccontextmanager
async def standing(stand: Stand, events: Events, user: int, places: Mapping[str, int]) -> AsyncIterator[None]:
    """Put an operator who answers at once and talks as long as the citizen does into queues, at his places."""
    async with AsyncExitStack() as stack:
        who = await stack.enter_async_context(operator(stand, str(user), sound=700.0 + user, hold_s=60))
        for queue, place in places.items():
            fields = {"MemberName": str(user), "StateInterface": who.interface, "Penalty": str(place)}
            added = await events.send("QueueAdd", Queue=queue, Interface=who.interface, **fields)
            assert added["Response"] == "Success", added
            stack.push_async_callback(events.send, "QueueRemove", Queue=queue, Interface=who.interface)
        yield


@asynccontextmanager
async def members(stand: Stand, events: Events, **places: tuple[str, int]) -> AsyncIterator[None]:
    """Put operators who answer at once into queues: ``x101=("hotline", 0)`` is extension 101."""
    async with AsyncExitStack() as stack:
        for number, (name, (queue, place)) in enumerate(places.items()):
            who = await stack.enter_async_context(operator(stand, name[1:], sound=700.0 + 300 * number, hold_s=1))
            added = await events.send(
                "QueueAdd",
                Queue=queue,
                Interface=who.interface,
                MemberName=name[1:],
                StateInterface=who.interface,
                Penalty=str(place),
            )
            assert added["Response"] == "Success", added
            stack.push_async_callback(events.send, "QueueRemove", Queue=queue, Interface=who.interface)
        yield


async def entered(events: Events, caller: str, queue: str) -> Event:
    """Wait until another citizen joins a queue; what has been waited for before does not count."""
    events.seen.clear()
    return await events.wait("QueueCallerJoin", CallerIDNum=caller, Queue=queue)


async def member(stand: Stand, name: str) -> str:
    """Return the line of a member of the main queue."""
    shown = await stand.asterisk.cli("queue show hotline")
    return next(line for line in shown.splitlines() if line.strip().startswith(name))


def at(event: Event) -> float:
    return float(event["Timestamp"])


async def test_strategy_asks_one_after_another(stand: Stand, ruled: Distribution) -> None:
    """S001-012: ``rrmemory`` gives two calls to two operators, which the queue of the settings would not have to."""
    async with ami(stand.asterisk.settings) as events, members(stand, events, x101=("hotline", 0), x102=("hotline", 0)):
        answered = []
        for _ in range(4):
            events.seen.clear()
            async with citizen_calls(stand, did="112", hold_s=20) as citizen:
                connected = await events.wait("AgentConnect")
                answered.append(connected["MemberName"])
                await citizen.hang_up()
                await events.wait("Hangup", Uniqueid=connected["Uniqueid"])
                # Free again, as the queue sees it: else it would pass him over.
                await events.wait("AgentComplete", MemberName=connected["MemberName"])
                async with asyncio.timeout(15):
                    while "(Not in use)" not in await member(stand, connected["MemberName"]):
                        pass
        assert answered[0] != answered[1]
        assert answered[0::2] == [answered[0]] * 2
        assert answered[1::2] == [answered[1]] * 2


async def test_wait_goes_over_to_another_queue_and_then_to_a_message(stand: Stand, ruled: Distribution) -> None:
    """DAY-14: the longest wait of one queue leads to another, before those who came later; then to voice mail."""
    async with ami(stand.asterisk.settings) as events, citizen_calls(stand, did="2001", hold_s=30) as citizen:
        first = await events.wait("QueueCallerJoin", Queue="first")
        second = await events.wait("QueueCallerJoin", Queue="second", Uniqueid=first["Uniqueid"])
        assert at(second) - at(first) >= 1
        waiting = await events.send("Getvar", Channel=first["Channel"], Variable="QUEUE_PRIO")
        assert waiting["Value"] == "4", "3 of the line, 1 for having waited"
        left = await events.wait("QueueCallerLeave", Queue="second", Uniqueid=first["Uniqueid"])
        assert at(left) - at(second) >= 1
        async with asyncio.timeout(15):
            while (place := await _context(events, first["Channel"])) not in {"leave-message", "voice-message"}:
                assert place in {"after-queue", "hotline-queue", "second"}, place
        await citizen.hang_up()


async def _context(events: Events, channel: str) -> str:
    return (await events.send("Getvar", Channel=channel, Variable="CONTEXT"))["Value"]


async def test_level_is_widened_after_its_seconds(stand: Stand, ruled: Distribution) -> None:
    """S001-012: whose place is 20 is asked after two seconds, not before."""
    async with (
        ami(stand.asterisk.settings) as events,
        members(stand, events, x103=("levels", 20)),
        citizen_calls(stand, did="2002", hold_s=20) as citizen,
    ):
        joined = await events.wait("QueueCallerJoin", Queue="levels")
        called = await events.wait("AgentCalled", Uniqueid=joined["Uniqueid"])
        assert at(called) - at(joined) >= 1.9
        await citizen.hang_up()


async def test_digit_leads_to_the_queue_of_a_skill(stand: Stand, ruled: Distribution) -> None:
    """S001-012: 2 in the menu is Tatar; its operator is asked, the others are not. No digit: the line's own queue."""
    async with ami(stand.asterisk.settings) as events, members(stand, events, x104=("tatar", 10), x105=("hotline", 0)):
        async with citizen_calls(stand, did="2003", hold_s=20) as citizen:
            greeted = await events.wait("UserEvent", UserEvent="CallGreeted")
            channel = greeted["Channel"]
            async with asyncio.timeout(15):
                while await _context(events, channel) != "menu":
                    pass
            await events.send("PlayDTMF", Channel=channel, Digit="2", Receive="true")
            connected = await events.wait("AgentConnect", Uniqueid=greeted["CallId"])
            assert (connected["Queue"], connected["MemberName"]) == ("tatar", "104")
            await citizen.hang_up()
        async with citizen_calls(stand, did="2003", hold_s=20) as citizen:
            joined = await entered(events, "79280001122", "hotline")
            await citizen.hang_up()
            await events.wait("Hangup", Uniqueid=joined["Uniqueid"])


async def test_a_queue_of_a_skill_asks_only_who_has_it(stand: Stand, ruled: Distribution) -> None:
    """S001-012: the rules put who speaks Tatar into its queue. While he talks the next one waits for him, although
    his colleague is free: that one takes a citizen of the main queue meanwhile, and never one of the other."""
    tatar = Queue("Татарский", skills=("tt",), announce_s=0, reassure_s=0)
    rules = replace(
        RULES,
        queues={**RULES.queues, "tatar": tatar},
        skills={"tt": Skill("Татарский язык", SkillKind.LANGUAGE)},
        people={108: Person({"tt": 2})},
    )
    await apply(ruled, rules)
    places = {user: places_of(rules, Taker(user, by_role=True)) for user in (107, 108)}
    assert ("tatar" in places[107], "tatar" in places[108]) == (False, True)
    async with (
        ami(stand.asterisk.settings) as events,
        standing(stand, events, 107, {"hotline": places[107]["hotline"]}),
        standing(stand, events, 108, {"tatar": places[108]["tatar"]}),
        citizen_calls(stand, caller="79280001201", did="2006", hold_s=60) as first,
    ):
        taken = await events.wait("AgentConnect")
        assert (taken["Queue"], taken["MemberName"]) == ("tatar", "108")
        async with citizen_calls(stand, caller="79280001202", did="2006", hold_s=60) as second:
            waits = await entered(events, "79280001202", "tatar")
            async with citizen_calls(stand, caller="79280001203", did="112", hold_s=60) as other:
                free = await events.wait("AgentConnect", Queue="hotline")
                assert free["MemberName"] == "107"
                await other.hang_up()
                await events.wait("AgentComplete", MemberName="107")
            await first.hang_up()
            served = await events.wait("AgentConnect", Uniqueid=waits["Uniqueid"])
            assert served["MemberName"] == "108"
            await second.hang_up()
            await events.wait("AgentComplete", Uniqueid=waits["Uniqueid"])
    asked = {one["MemberName"] for one in events.seen if one.get("Event") == "AgentCalled" and one["Queue"] == "tatar"}
    assert asked == {"108"}


async def test_who_came_back_and_whose_number_is_known_are_before_others(stand: Stand, ruled: Distribution) -> None:
    """S001-011, S001-012: worth decides; who left unserved comes back before a stranger, a known number before both."""
    async with ami(stand.asterisk.settings) as events:
        async with citizen_calls(stand, caller="79280007777", did="112", hold_s=30) as gives_up:
            left = await events.wait("QueueCallerJoin")
            await gives_up.hang_up()
            await events.wait("Hangup", Uniqueid=left["Uniqueid"])
        async with AsyncExitStack() as stack:
            positions = []
            for caller in ("79280001111", "89280007777", "+79280009999"):
                await stack.enter_async_context(citizen_calls(stand, caller=caller, did="112", hold_s=30))
                positions.append((await entered(events, caller, "hotline"))["Position"])
            assert positions == ["1", "1", "1"]
            told = await stand.asterisk.cli("queue show hotline")
            assert [line.split("prio: ")[1][:2] for line in told.splitlines() if "prio: " in line] == ["50", "20", "0)"]


async def test_served_citizen_is_forgotten(stand: Stand, ruled: Distribution) -> None:
    """What ``hotline-return`` keeps of a number goes when he was served: no list of callers grows in AstDB."""
    async with ami(stand.asterisk.settings) as events:
        async with citizen_calls(stand, caller="79280006666", did="112", hold_s=30) as citizen:
            joined = await events.wait("QueueCallerJoin")
            await citizen.hang_up()
            await events.wait("Hangup", Uniqueid=joined["Uniqueid"])
        assert "9280006666" in await stand.asterisk.cli("database show hotline-return")
        async with (
            members(stand, events, x106=("hotline", 0)),
            citizen_calls(stand, caller="79280006666", did="112", hold_s=1) as citizen,
        ):
            joined = await entered(events, "79280006666", "hotline")
            await events.wait("AgentConnect", Uniqueid=joined["Uniqueid"])
            await citizen.hang_up()
            await events.wait("Hangup", Uniqueid=joined["Uniqueid"])
        assert "9280006666" not in await stand.asterisk.cli("database show hotline-return")


@pytest.mark.parametrize(("did", "opened"), [("2004", False), ("2005", True), ("+78000002005", True)])
async def test_hours_of_the_day_open_and_close_a_line(
    stand: Stand, ruled: Distribution, did: str, opened: bool
) -> None:
    """DAY-41: a day off of the calendar closes the line although its weekday is open; explained as it happens."""
    rules = RULES if len(did) < 5 else replace(RULES, lines={**RULES.lines, "8000002005": RULES.lines["2005"]})
    await apply(ruled, rules)
    async with ami(stand.asterisk.settings) as events, citizen_calls(stand, did=did, hold_s=20) as citizen:
        wanted = "CallGreeted" if opened else "OutOfHours"
        told = await events.wait("UserEvent", UserEvent=wanted)
        await citizen.hang_up()
        await events.wait("Hangup", Uniqueid=told["CallId"])
    said = {one["UserEvent"] for one in events.seen if one.get("Event") == "UserEvent"}
    assert said & {"CallGreeted", "OutOfHours"} == {wanted}
    steps = explain(rules, Imagined("79280001122", did, datetime.now(UTC)), (), days_around())
    assert (StepKind.CLOSED in {step.kind for step in steps}) is not opened


async def test_who_waits_is_told_his_position_and_hears_nothing_of_a_change(
    stand: Stand, ruled: Distribution, tmp_path: Path
) -> None:
    """DAY-14, S001-012: announcements happen; new options and members' levels come without a break in his music."""
    port = stand.trunk.asterisk_port
    async with (
        ami(stand.asterisk.settings) as events,
        Citizen("79280001001", port, tone_hz=440, folder=tmp_path) as first,
        Citizen("79280001002", port, tone_hz=440, folder=tmp_path) as second,
    ):
        first.call("2006")
        joined = await events.wait("QueueCallerJoin", Queue="tatar")
        await hears_music(first.meter)
        second.call("2006")
        other = await entered(events, "79280001002", "tatar")
        # The music stops while he is told the position, and comes back; the first in the queue is told nothing.
        await events.wait("MusicOnHoldStop", Uniqueid=other["Uniqueid"])
        await events.wait("MusicOnHoldStart", Uniqueid=other["Uniqueid"])
        events.seen.clear()
        changed = {
            "tatar": replace(RULES.queues["tatar"], strategy=Strategy.FEWEST_CALLS, ring_s=9, service_level_s=30),
            "levels": replace(RULES.queues["levels"], levels=(Level(0, 5), Level(3, 50))),
        }
        assert await apply(ruled, replace(RULES, queues={**RULES.queues, **changed}))
        told = await stand.asterisk.cli("queue show tatar")
        assert "'fewestcalls' strategy" in told
        assert told.count("wait:") == 2, told
        await hears_music(first.meter)
        await events.send("Ping")
        heard = {one["Event"] for one in events.seen if one.get("Uniqueid") == joined["Uniqueid"] and "Event" in one}
        assert heard.isdisjoint({"MusicOnHoldStop", "MusicOnHoldStart", "QueueCallerLeave", "Hangup"}), heard


# --- After a crash --------------------------------------------------------------------------------------------------


class DyingLink(AmiLink):
    """A link of a service that dies before its ``dies_at``-th command."""

    def __init__(self, *arguments: Any, dies_at: int) -> None:
        super().__init__(*arguments)
        self._left = dies_at

    async def send(
        self, action: Mapping[str, Value], *, until: str | None = None, within: float | None = None
    ) -> Message:
        self._left -= 1
        if self._left < 0:
            raise Unavailable("killed")
        return await super().send(action, until=until, within=within)


async def test_service_killed_between_any_two_steps_is_made_good(stand: Stand, ruled: Distribution) -> None:
    """S001-012: whatever was done of a change, the next comparison finishes it; afterwards nothing differs."""
    other = Rules("hotline", queues={"spare": Queue("Запас", levels=(Level(0, 1), Level(5, 9)))}, lines={})
    for dies_at in range(60):
        link = DyingLink(stand.asterisk.settings, lambda _m: None, lambda _s, _r: None, SystemClock(), dies_at=dies_at)
        await link.start()
        try:
            async with asyncio.timeout(20):
                await link.wait_for(LinkState.SYNCING)
            await apply(Distribution(link), other)
            finished = True
        except Unavailable:
            finished = False
        finally:
            await link.stop()
        await apply(ruled, other)
        assert not await apply(ruled, other), f"killed before step {dies_at}"
        assert "spare has 0 calls" in await stand.asterisk.cli("queue show spare")
        if finished:
            break
        await apply(ruled, RULES)
    else:
        pytest.fail("a change has more steps than this test")
    await apply(ruled, RULES)


async def test_rules_are_the_same_after_asterisk_was_killed(stand: Stand, ruled: Distribution) -> None:
    """S001-012: what the crash took of the last second's changes (AstDB commits once a second) is put back at the
    link; calls go by the rules again, and nothing is left to be mended."""
    await stand.asterisk.kill()
    await stand.asterisk.start()
    async with linked(stand) as link:
        await apply(Distribution(link), RULES)
        async with ami(stand.asterisk.settings) as events, citizen_calls(stand, did="2006", hold_s=30) as citizen:
            joined = await events.wait("QueueCallerJoin")
            assert joined["Queue"] == "tatar"
            await citizen.hang_up()
            await events.wait("Hangup", Uniqueid=joined["Uniqueid"])
        assert not await apply(Distribution(link), RULES)
