"""The push hub: facts from the bus reach the browsers that care, and a browser that stopped reading harms nobody.

Built to the measurements of the performance ground, section 2:

* a message is encoded once, whoever gets it;
* the fast path writes straight to the socket, as long as nothing of that client is waiting and its socket is not full;
  it is a plain function, so a ring needs neither a task nor another turn of the loop;
* otherwise the message waits in the client's own bounded deque, which the client's own task empties;
* a full deque closes that client with 1013 (RFC 6455 section 7.4.2 "try again later"): it reconnects and is made
  whole by the snapshot, which is always the first message;
* a broadcast yields to the loop every few sends, so that a ring never waits for a thousand board updates.

This module knows neither aiohttp nor the meaning of messages; ``push_messages`` has the latter.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

log = logging.getLogger(__name__)

_Key = TypeVar("_Key", str, int)

TRY_AGAIN_LATER = 1013
GOING_AWAY = 1001
SESSION_ENDED = 4401
"""Application close code (RFC 6455 section 7.4.2, 4000-4999): log in again before reconnecting."""

YIELD_EVERY = 25
WAITING_LIMIT = 512
"""Messages that may wait for one client. At the busiest board this is about half a minute of silence."""
SOCKET_LIMIT = 16 * 1024
"""Bytes in a socket's write buffer above which the fast path is not taken. It is asyncio's low-water mark: below it the
transport is never paused, so a direct write cannot wait."""


class Socket(Protocol):
    """What the hub needs of a WebSocket."""

    def buffered(self) -> int:
        """Return how many written bytes the peer's kernel has not taken yet."""
        ...

    def write(self, message: bytes) -> None:
        """Write one text message without waiting. Raises ``ConnectionError`` when the peer is gone."""
        ...

    async def send(self, message: bytes) -> None:
        """Write one text message; wait while the peer does not read. Raises ``ConnectionError`` when it is gone."""
        ...

    async def close(self, code: int, reason: str) -> None:
        """Close with a code, giving a peer that does not read no more than a moment."""
        ...


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whose browser it is: what decides which messages it may see."""

    session_id: int
    user_id: int
    extension: str | None
    watches_calls: bool = False
    """May see other operators' calls (right ``call.monitor``): supervisors."""
    sees_numbers: bool = True
    """Sees citizens' numbers in calls in which he takes no part (``journal.masking``)."""


@dataclass(eq=False, slots=True)
class Client:
    """One connected browser."""

    viewer: Viewer
    socket: Socket
    waiting: deque[bytes] = field(default_factory=deque)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    closing: bool = False
    sending: bool = False


@dataclass(slots=True)
class PushCounters:
    """What happened since the start, for ``/metrics``."""

    sent: int = 0
    queued: int = 0
    overflows: int = 0
    lost: int = 0


Snapshot = Callable[[Viewer], bytes]


class PushHub:
    """All connected browsers.

    ``snapshot`` makes the first message of a client from memory; it must not wait for anything, so that no fact can
    slip between the snapshot and the stream that follows it.
    """

    def __init__(self, snapshot: Snapshot, *, waiting_limit: int = WAITING_LIMIT) -> None:
        self._snapshot = snapshot
        self._limit = waiting_limit
        self._clients: set[Client] = set()
        self._by_extension: dict[str, set[Client]] = {}
        self._by_user: dict[int, set[Client]] = {}
        self._watchers: set[Client] = set()
        self._closers: set[asyncio.Task[None]] = set()
        self.counters = PushCounters()

    def __len__(self) -> int:
        return len(self._clients)

    @property
    def waiting(self) -> int:
        """Messages that wait in all deques together."""
        return sum(len(client.waiting) for client in self._clients)

    def users(self) -> tuple[int, ...]:
        """Return the users who have a browser connected."""
        return tuple(self._by_user)

    def has_user(self, user_id: int) -> bool:
        """Tell whether a user has a browser connected."""
        return user_id in self._by_user

    async def join(self, viewer: Viewer, socket: Socket) -> Client:
        """Add a browser and send it the snapshot."""
        client = Client(viewer, socket)
        client.task = asyncio.create_task(self._write(client), name=f"push:{viewer.user_id}")
        self._clients.add(client)
        if viewer.extension is not None:
            self._by_extension.setdefault(viewer.extension, set()).add(client)
        self._by_user.setdefault(viewer.user_id, set()).add(client)
        if viewer.watches_calls:
            self._watchers.add(client)
        self._offer(client, self._snapshot(viewer))
        return client

    async def leave(self, client: Client) -> None:
        """Forget a browser that is gone. Does nothing when it is forgotten already."""
        self._forget(client)
        task, client.task = client.task, None
        if task is not None and task is not asyncio.current_task():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def send(self, client: Client, message: bytes) -> None:
        """Send to one browser."""
        self._offer(client, message)

    async def to_extensions(self, extensions: Iterable[str], message: bytes, *, watchers: bool = False) -> None:
        """Send to the browsers of these internal numbers, and to those who watch all calls."""
        self.tell(self.audience(extensions, watchers=watchers), message)

    def audience(self, extensions: Iterable[str], *, watchers: bool = False) -> list[Client]:
        """Return the browsers of these internal numbers, then those who watch all calls, each once.

        For :meth:`tell`. What concerns nobody who is connected need not even be encoded.
        """
        found: dict[Client, None] = {}
        for extension in extensions:
            found.update(dict.fromkeys(self._by_extension.get(extension, ())))
        if watchers:
            found.update(dict.fromkeys(self._watchers))
        return list(found)

    def tell(self, clients: Iterable[Client], message: bytes) -> None:
        """Send to these browsers without waiting, the first ones at once.

        Those behind them have it queued for their own tasks, so that a crowd of watchers does not stop the loop.
        """
        for number, client in enumerate(clients):
            self._offer(client, message, direct=number < YIELD_EVERY)

    async def to_user(self, user_id: int, message: bytes) -> None:
        """Send to every browser of one user."""
        for client in tuple(self._by_user.get(user_id, ())):
            self._offer(client, message)

    async def broadcast(self, message: bytes) -> None:
        """Send to everybody."""
        for number, client in enumerate(tuple(self._clients), 1):
            self._offer(client, message)  # whoever left while this loop yielded is passed over there
            if number % YIELD_EVERY == 0:
                await asyncio.sleep(0)

    async def resync(self) -> None:
        """Send everybody a new snapshot: the stream had a hole."""
        for number, client in enumerate(tuple(self._clients), 1):
            if not client.closing:
                # Snapshots can be larger than a socket's buffer: never on the fast path here.
                self._offer(client, self._snapshot(client.viewer), direct=False)
            if number % YIELD_EVERY == 0:
                await asyncio.sleep(0)

    async def end_session(self, session_id: int) -> None:
        """Close the browsers of a session that was logged out."""
        for client in [one for one in self._clients if one.viewer.session_id == session_id]:
            self._close(client, SESSION_ENDED, "session ended")

    async def close(self) -> None:
        """Close everybody: the service stops."""
        for client in tuple(self._clients):
            self._close(client, GOING_AWAY, "the service is restarting")
        await asyncio.gather(*self._closers, return_exceptions=True)

    def _offer(self, client: Client, message: bytes, *, direct: bool = True) -> None:
        """Write directly when that cannot wait, else queue; close the client when its queue is full."""
        if client.closing:
            return
        if direct and not client.waiting and not client.sending and client.socket.buffered() < SOCKET_LIMIT:
            try:
                client.socket.write(message)
            except ConnectionError:
                self._lose(client)
                return
            self.counters.sent += 1
            return
        if len(client.waiting) >= self._limit:
            self.counters.overflows += 1
            log.warning("push: the browser of user %d does not read; closing it", client.viewer.user_id)
            self._close(client, TRY_AGAIN_LATER, "too slow")
            return
        self.counters.queued += 1
        client.waiting.append(message)
        client.wake.set()

    async def _write(self, client: Client) -> None:
        """Empty one client's deque in order, at the speed at which it reads."""
        while True:
            await client.wake.wait()
            client.wake.clear()
            while client.waiting:
                # ``sending`` keeps the fast path shut until the message taken out is really written: order.
                client.sending = True
                try:
                    await client.socket.send(client.waiting.popleft())
                except ConnectionError:
                    self._lose(client)
                    return
                finally:
                    client.sending = False
                self.counters.sent += 1

    def _forget(self, client: Client) -> None:
        client.closing = True
        client.waiting.clear()
        self._clients.discard(client)
        self._watchers.discard(client)
        viewer = client.viewer
        if viewer.extension is not None:
            _discard(self._by_extension, viewer.extension, client)
        _discard(self._by_user, viewer.user_id, client)

    def _lose(self, client: Client) -> None:
        self.counters.lost += 1
        self._forget(client)

    def _close(self, client: Client, code: int, reason: str) -> None:
        """Forget a client at once and say good-bye in the background: a stuck peer must not hold up the others."""
        self._forget(client)
        if client.task is not None:
            client.task.cancel()
        task = asyncio.create_task(client.socket.close(code, reason), name="push:close")
        self._closers.add(task)
        task.add_done_callback(self._closers.discard)


def _discard(index: dict[_Key, set[Client]], key: _Key, client: Client) -> None:
    members = index.get(key)
    if members is not None:
        members.discard(client)
        if not members:
            del index[key]
