"""The push hub alone: sockets here are lists, so that order, overflow and blocking can be seen exactly."""

from __future__ import annotations

import asyncio

import pytest

from hotline.web.push import SESSION_ENDED, SOCKET_LIMIT, TRY_AGAIN_LATER, YIELD_EVERY, Client, PushHub, Viewer


class ListSocket:
    """Keeps what was sent; ``stuck`` stops reading like a browser behind a dead network."""

    def __init__(self, *, stuck: bool = False) -> None:
        self.got: list[bytes] = []
        self.closed: tuple[int, str] | None = None
        self.was_closed = asyncio.Event()
        self.reads = asyncio.Event()
        self.broken = False
        self._more = asyncio.Event()
        if not stuck:
            self.reads.set()

    def buffered(self) -> int:
        return 0 if self.reads.is_set() else SOCKET_LIMIT

    def write(self, message: bytes) -> None:
        if self.broken:
            raise ConnectionResetError
        self.got.append(message)
        self._more.set()

    async def send(self, message: bytes) -> None:
        await self.reads.wait()
        self.write(message)

    async def has_got(self, count: int) -> None:
        while len(self.got) < count:
            self._more.clear()
            await self._more.wait()

    async def close(self, code: int, reason: str) -> None:
        self.closed = (code, reason)
        self.was_closed.set()


def viewer(user_id: int, extension: str | None = None, *, watches: bool = False) -> Viewer:
    return Viewer(user_id * 10, user_id, extension, watches_calls=watches)


async def join(hub: PushHub, who: Viewer, socket: ListSocket) -> Client:
    async with asyncio.timeout(5):
        return await hub.join(who, socket)


def make_hub(limit: int = 512) -> PushHub:
    return PushHub(lambda who: b"snapshot:%d" % who.user_id, waiting_limit=limit)


async def test_snapshot_is_the_first_message() -> None:
    hub, socket = make_hub(), ListSocket()
    await join(hub, viewer(7), socket)
    await hub.broadcast(b"next")
    assert socket.got == [b"snapshot:7", b"next"]
    await hub.close()


async def test_messages_reach_the_extensions_concerned_and_watchers_only() -> None:
    hub = make_hub()
    ann, bob, boss = ListSocket(), ListSocket(), ListSocket()
    await join(hub, viewer(1, "101"), ann)
    await join(hub, viewer(2, "102"), bob)
    await join(hub, viewer(3, "301", watches=True), boss)
    await hub.to_extensions({"101", "999"}, b"ring", watchers=True)
    await hub.to_extensions({"102"}, b"offer")
    assert ann.got[1:] == [b"ring"]
    assert bob.got[1:] == [b"offer"]
    assert boss.got[1:] == [b"ring"]
    await hub.close()


async def test_a_watcher_who_is_concerned_gets_the_message_once() -> None:
    hub, boss = make_hub(), ListSocket()
    await join(hub, viewer(3, "301", watches=True), boss)
    await hub.to_extensions({"301"}, b"ring", watchers=True)
    assert boss.got[1:] == [b"ring"]
    await hub.close()


async def test_every_tab_of_a_user_gets_his_messages() -> None:
    hub, first, second = make_hub(), ListSocket(), ListSocket()
    await join(hub, viewer(1, "101"), first)
    await join(hub, viewer(1, "101"), second)
    await hub.to_user(1, b"state")
    assert first.got[1:] == second.got[1:] == [b"state"]
    assert hub.has_user(1)
    assert not hub.has_user(2)
    await hub.close()


async def test_a_browser_that_does_not_read_delays_nobody_and_keeps_its_order() -> None:
    hub, stuck, other = make_hub(), ListSocket(), ListSocket()
    await join(hub, viewer(1), stuck)
    await join(hub, viewer(2), other)
    stuck.reads.clear()
    async with asyncio.timeout(5):
        for number in range(50):
            await hub.broadcast(b"%d" % number)
    expected = [b"%d" % number for number in range(50)]
    assert other.got[1:] == expected
    assert hub.waiting >= 49  # one may be in the writer's hands
    stuck.reads.set()
    async with asyncio.timeout(5):
        await stuck.has_got(51)
    assert stuck.got[1:] == expected
    await hub.close()


async def test_messages_sent_while_the_writer_works_do_not_overtake() -> None:
    hub, socket = make_hub(), ListSocket()
    client = await join(hub, viewer(1), socket)
    socket.reads.clear()
    await hub.send(client, b"a")
    await asyncio.sleep(0)  # the writer takes "a" and waits in send()
    await asyncio.sleep(0)
    socket.reads.set()  # the socket is free again, but "a" is not written yet
    await hub.send(client, b"b")
    async with asyncio.timeout(5):
        await socket.has_got(3)
    assert socket.got[1:] == [b"a", b"b"]
    await hub.close()


async def test_overflow_closes_with_1013_and_forgets() -> None:
    hub, stuck, other = make_hub(limit=3), ListSocket(), ListSocket()
    await join(hub, viewer(1, "101"), stuck)
    await join(hub, viewer(2), other)
    stuck.reads.clear()
    for number in range(10):
        await hub.broadcast(b"%d" % number)
    async with asyncio.timeout(5):
        await stuck.was_closed.wait()
    assert stuck.closed == (TRY_AGAIN_LATER, "too slow")
    assert hub.counters.overflows == 1
    assert len(hub) == 1
    assert hub.waiting == 0
    assert len(other.got) == 11
    await hub.close()


async def test_a_lost_connection_is_forgotten() -> None:
    hub, gone = make_hub(), ListSocket()
    client = await join(hub, viewer(1, "101"), gone)
    gone.broken = True
    await hub.to_extensions({"101"}, b"ring")
    assert len(hub) == 0
    assert hub.counters.lost == 1
    await hub.leave(client)


async def test_a_targeted_message_is_not_held_up_by_a_broadcast() -> None:
    hub = make_hub()
    sockets = [ListSocket() for _ in range(YIELD_EVERY * 4)]
    for number, socket in enumerate(sockets):
        await join(hub, viewer(number, str(number)), socket)
    last = sockets[-1]
    order: list[str] = []
    broadcast = asyncio.create_task(hub.broadcast(b"board"))
    broadcast.add_done_callback(lambda _: order.append("broadcast"))
    await asyncio.sleep(0)
    await hub.to_extensions({str(len(sockets) - 1)}, b"ring")
    order.append("ring")
    async with asyncio.timeout(5):
        await broadcast
    await asyncio.sleep(0)
    assert order == ["ring", "broadcast"]
    assert all(b"board" in socket.got for socket in sockets)
    assert b"ring" in last.got
    await hub.close()


async def test_resync_sends_a_new_snapshot_after_what_waits() -> None:
    hub, socket = make_hub(), ListSocket()
    await join(hub, viewer(1), socket)
    await hub.resync()
    async with asyncio.timeout(5):
        await socket.has_got(2)
    assert socket.got == [b"snapshot:1", b"snapshot:1"]
    await hub.close()


async def test_log_out_closes_the_browsers_of_that_session_only() -> None:
    hub, mine, other = make_hub(), ListSocket(), ListSocket()
    await join(hub, viewer(1), mine)
    await join(hub, viewer(2), other)
    await hub.end_session(10)
    async with asyncio.timeout(5):
        await mine.was_closed.wait()
    assert mine.closed == (SESSION_ENDED, "session ended")
    assert other.closed is None
    await hub.close()


async def test_close_says_good_bye_to_everybody() -> None:
    hub = make_hub()
    sockets = [ListSocket() for _ in range(3)]
    for number, socket in enumerate(sockets):
        await join(hub, viewer(number), socket)
    async with asyncio.timeout(5):
        await hub.close()
    assert [socket.closed for socket in sockets] == [(1001, "the service is restarting")] * 3
    assert len(hub) == 0


async def test_a_client_that_left_gets_nothing_more() -> None:
    hub, socket = make_hub(), ListSocket()
    client = await join(hub, viewer(1, "101"), socket)
    await hub.leave(client)
    await hub.leave(client)
    await hub.to_extensions({"101"}, b"ring")
    await hub.broadcast(b"board")
    assert socket.got == [b"snapshot:1"]


@pytest.mark.parametrize("count", [1, YIELD_EVERY, YIELD_EVERY + 1])
async def test_a_broadcast_reaches_each_client_once(count: int) -> None:
    hub = make_hub()
    sockets = [ListSocket() for _ in range(count)]
    for number, socket in enumerate(sockets):
        await join(hub, viewer(number), socket)
    await hub.broadcast(b"x")
    assert [socket.got.count(b"x") for socket in sockets] == [1] * count
    await hub.close()
