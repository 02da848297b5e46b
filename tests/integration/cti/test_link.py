"""One test for each fault of panoramisk that style.md 6 measured (A to N), and for what telephony.md 1.6 adds."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from hotline.clock import SystemClock
from hotline.cti.errors import CommandRefused
from hotline.cti.link import AmiLink
from hotline.cti.model import LinkState
from hotline.cti.testing import FakeAmiServer, Headers, encode
from hotline.errors import BadInput, Unavailable
from tests.integration.cti.conftest import FAST, LIMIT, Recorder, settings_for

EVENT = {"Event": "UserEvent", "UserEvent": "Name", "Text": "Щербакова"}


async def test_a_letters_cut_across_reads_are_whole(ami: FakeAmiServer, link: AmiLink, heard: Recorder) -> None:
    data = encode(EVENT)
    cut = data.index("Щ".encode()) + 1  # within the first letter
    ami.raw(data[:cut])
    async with asyncio.timeout(LIMIT):
        # Until the first part has been read, alone. The framer has no event for "nothing yet".
        while link.framer.unfinished != cut:  # noqa: ASYNC110
            await asyncio.sleep(0)
    ami.raw(data[cut:])
    (message,) = await heard.until(1)
    assert message.headers["Text"] == "Щербакова"


async def test_b_originate_is_sent_with_async_and_answered(ami: FakeAmiServer, link: AmiLink) -> None:
    ami.answering.add("PJSIP/101")
    reply = await link.send({"Action": "Originate", "Channel": "PJSIP/101"}, until="OriginateResponse")
    assert ami.named("Originate")[0]["Async"] == "true"
    assert (reply.event, reply.response) == ("OriginateResponse", "Success")
    assert link.counts.losses == 0


async def test_c_raising_handler_costs_neither_the_link_nor_the_next_event(
    ami: FakeAmiServer, link: AmiLink, heard: Recorder
) -> None:
    heard.raising = True
    ami.raw(encode(EVENT) * 3)
    assert len(await heard.until(3)) == 3
    assert link.counts.handler_errors == 3
    await link.send({"Action": "Ping"})
    assert link.counts.losses == 0


async def test_d_link_lost_in_the_middle_of_a_list_fails_the_caller_at_once(ami: FakeAmiServer, link: AmiLink) -> None:
    ami.handlers["QueueStatus"] = lambda _: [
        {"Response": "Success", "EventList": "start"},
        {"Event": "QueueParams", "Queue": "hotline"},
    ]
    asked = asyncio.ensure_future(link.collect({"Action": "QueueStatus"}, within=60))
    async with asyncio.timeout(LIMIT):
        await ami.received("QueueStatus")
        ami.drop()
        with pytest.raises(Unavailable, match="lost"):
            await asked


async def test_e_unanswered_action_is_never_sent_again(ami: FakeAmiServer, link: AmiLink) -> None:
    ami.handlers["Originate"] = lambda _: None
    asked = asyncio.ensure_future(link.send({"Action": "Originate", "Channel": "PJSIP/101"}))
    async with asyncio.timeout(LIMIT):
        await ami.received("Originate")
        ami.drop()
        with pytest.raises(Unavailable):
            await asked
        await link.wait_for(LinkState.CONNECTING)
        await link.wait_for(LinkState.SYNCING)
    await link.send({"Action": "Ping"})  # whatever the link wanted to send by itself is before this
    assert len(ami.named("Originate")) == 1


async def test_f_silent_peer_is_dropped_after_the_ping_deadline(ami: FakeAmiServer, heard: Recorder) -> None:
    timing = replace(FAST, ping_every=0.02)
    link = AmiLink(settings_for(ami), heard.on_message, heard.on_state, SystemClock(), timing=timing)
    await link.start()
    async with asyncio.timeout(LIMIT):
        await link.wait_for(LinkState.SYNCING)
        await ami.received("Ping", 2)  # a healthy peer stays
        assert link.counts.losses == 0
        ami.handlers["Ping"] = lambda _: None
        await link.wait_for(LinkState.DOWN)
    assert link.counts.silences == 1
    assert any("did not answer Ping" in reason for _, reason in heard.states)
    await link.stop()


async def test_g_actions_can_be_awaited_together(link: AmiLink) -> None:
    replies = await asyncio.gather(*(link.send({"Action": "Ping"}) for _ in range(50)))
    assert {reply.headers["Ping"] for reply in replies} == {"Pong"}
    assert len({reply.action_id for reply in replies}) == 50


async def test_h_stop_while_a_reconnect_is_pending_does_not_reconnect(ami: FakeAmiServer, heard: Recorder) -> None:
    timing = replace(FAST, first_retry=0.2, longest_retry=0.2)
    link = AmiLink(settings_for(ami), heard.on_message, heard.on_state, SystemClock(), timing=timing)
    await link.start()
    async with asyncio.timeout(LIMIT):
        await link.wait_for(LinkState.SYNCING)
        ami.drop()
        await link.wait_for(LinkState.DOWN)
    logins = len(ami.named("Login"))
    await link.stop()
    assert asyncio.all_tasks() == {t for t in asyncio.all_tasks() if not t.get_name().startswith("ami:")}
    assert link.state is LinkState.DOWN
    assert len(ami.named("Login")) == logins


async def test_h_stop_while_connecting_leaves_nothing_behind(ami: FakeAmiServer, heard: Recorder) -> None:
    ami.booted = False
    link = AmiLink(settings_for(ami), heard.on_message, heard.on_state, SystemClock(), timing=FAST)
    await link.start()
    async with asyncio.timeout(LIMIT):
        await ami.received("Login")
        await link.stop()
    await link.stop()  # twice is harmless
    assert (link.state, link.reason) == (LinkState.DOWN, "stopped")


async def test_j_events_come_in_order(ami: FakeAmiServer, link: AmiLink, heard: Recorder) -> None:
    ami.raw(b"".join(encode({"Event": "UserEvent", "N": str(n)}) for n in range(2000)))
    assert [m.headers["N"] for m in await heard.until(2000)] == [str(n) for n in range(2000)]


async def test_k_action_during_an_outage_is_refused_and_not_sent_later(ami: FakeAmiServer, link: AmiLink) -> None:
    await ami.refuse()
    async with asyncio.timeout(LIMIT):
        await link.wait_for(LinkState.DOWN)
        with pytest.raises(Unavailable):
            await link.send({"Action": "Hangup", "Channel": "PJSIP/1"})
        await ami.listen()
        await link.wait_for(LinkState.SYNCING)
    await link.send({"Action": "Ping"})
    assert ami.named("Hangup") == []


async def test_l_send_before_connect_says_so(ami: FakeAmiServer, heard: Recorder) -> None:
    link = AmiLink(settings_for(ami), heard.on_message, heard.on_state, SystemClock(), timing=FAST)
    with pytest.raises(Unavailable, match="no connection to Asterisk pbx1"):
        await link.send({"Action": "Ping"})


async def test_n_wrong_secret_is_a_state_and_is_not_hammered(ami: FakeAmiServer, heard: Recorder) -> None:
    timing = replace(FAST, refused_retry=60)
    settings = settings_for(ami, secret="wrong")
    link = AmiLink(settings, heard.on_message, heard.on_state, SystemClock(), timing=timing)
    await link.start()
    async with asyncio.timeout(LIMIT):
        await link.wait_for(LinkState.REFUSED)
    assert "refused the AMI user hotline: Authentication failed" in link.reason
    with pytest.raises(Unavailable, match="refused"):
        await link.send({"Action": "Ping"})
    assert len(ami.named("Login")) == 1
    assert all("wrong" not in value for headers in ami.actions for value in headers.values())
    await link.stop()


async def test_right_secret_after_a_refusal_connects(ami: FakeAmiServer, heard: Recorder) -> None:
    ami.users["hotline"] = "other"
    link = AmiLink(settings_for(ami), heard.on_message, heard.on_state, SystemClock(), timing=FAST)
    await link.start()
    async with asyncio.timeout(LIMIT):
        await link.wait_for(LinkState.REFUSED)
        ami.users["hotline"] = "secret"
        await link.wait_for(LinkState.SYNCING)
    await link.stop()


async def test_refused_command_carries_asterisks_words(ami: FakeAmiServer, link: AmiLink) -> None:
    with pytest.raises(CommandRefused, match="No such channel") as caught:
        await link.send({"Action": "Hangup", "Channel": "PJSIP/none"})
    assert caught.value.status == 409
    with pytest.raises(CommandRefused, match="Invalid/unknown command"):
        await link.collect({"Action": "NoSuchList"})


async def test_line_break_in_a_value_is_refused_before_anything_is_sent(ami: FakeAmiServer, link: AmiLink) -> None:
    with pytest.raises(BadInput):
        await link.send({"Action": "Setvar", "Channel": "x", "Value": "1\r\nAction: Logoff"})
    assert ami.named("Setvar") == []


async def test_missing_answer_times_out_and_a_late_one_is_ignored(ami: FakeAmiServer, link: AmiLink) -> None:
    held: list[Headers] = []
    ami.handlers["CoreStatus"] = held.append  # remembers the action, keeps silent
    with pytest.raises(Unavailable, match="did not answer CoreStatus in"):
        await link.send({"Action": "CoreStatus"}, within=0.05)
    ami.raw(encode({"Response": "Success", "ActionID": held[0]["ActionID"]}))
    await link.send({"Action": "Ping"})
    assert link.counts.late_replies == 1


async def test_list_returns_its_items_only(ami: FakeAmiServer, link: AmiLink) -> None:
    rows = await link.collect({"Action": "QueueStatus"})
    assert [row.headers["Queue"] for row in rows] == ["hotline"]
    assert await link.collect({"Action": "CoreShowChannels"}) == []


async def test_backoff_begins_anew_after_a_success(ami: FakeAmiServer, heard: Recorder) -> None:
    """With the longest pause at a minute, only a reset makes the third connection come in time."""
    timing = replace(FAST, first_retry=0.001, longest_retry=60)
    link = AmiLink(settings_for(ami), heard.on_message, heard.on_state, SystemClock(), timing=timing)
    await link.start()
    async with asyncio.timeout(LIMIT):
        for _ in range(20):
            await link.wait_for(LinkState.SYNCING)
            ami.drop()
            await link.wait_for(LinkState.DOWN)
    assert link.counts.losses >= 19
    await link.stop()


async def test_asterisk_that_never_boots_is_given_up(ami: FakeAmiServer, heard: Recorder) -> None:
    ami.booted = False
    timing = replace(FAST, boot=0.05)
    link = AmiLink(settings_for(ami), heard.on_message, heard.on_state, SystemClock(), timing=timing)
    await link.start()
    async with asyncio.timeout(LIMIT):
        await link.wait_for(LinkState.DOWN)
        with pytest.raises(Unavailable):
            await link.send({"Action": "Ping"})
        ami.booted = True
        await link.wait_for(LinkState.SYNCING)
    await link.stop()


async def test_rubbish_from_the_peer_is_counted_and_survived(
    ami: FakeAmiServer, link: AmiLink, heard: Recorder
) -> None:
    ami.raw(b"\xff\xfe rubbish\r\n\r\n" + b"A" * 200_000 + b"\r\n\r\n" + encode(EVENT))
    (message,) = await heard.until(1)
    assert message.headers["Text"] == "Щербакова"
    assert (link.framer.counts.broken, link.framer.counts.oversized) == (1, 1)
    assert link.counts.losses == 0
