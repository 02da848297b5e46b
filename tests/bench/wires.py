"""Many browsers in one thread: raw WebSockets (RFC 6455) under one epoll, so that the measure costs little itself."""

from __future__ import annotations

import contextlib
import select
import socket
import time
from collections.abc import Iterator
from typing import Self

_HANDSHAKE = (
    "GET /events?extension={extension} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_PONG = b"\x8a\x80\0\0\0\0"
"""The answer to a ping, masked as a browser must (RFC 6455 section 5.5.3). Only pings are empty here; unanswered, the
server would let the browser go in the middle of a long run."""
FIRST_EXTENSION = 1000
READ = 65_536


class Wires:
    """``count`` connected browsers; number *n* is the internal number ``1000 + n``."""

    def __init__(self, port: int, count: int) -> None:
        self._sockets: list[socket.socket] = []
        self._rest = [b""] * count
        self._epoll = select.epoll()
        self._index: dict[int, int] = {}
        for index in range(count):
            one = socket.create_connection(("127.0.0.1", port), timeout=10)
            one.sendall(_HANDSHAKE.format(extension=FIRST_EXTENSION + index).encode())
            self._sockets.append(one)
        for index, one in enumerate(self._sockets):
            self._rest[index] = _upgraded(one)
            one.setblocking(False)
            self._index[one.fileno()] = index
            self._epoll.register(one, select.EPOLLIN)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._epoll.close()
        for one in self._sockets:
            one.close()

    def ignore(self, index: int) -> None:
        """Stop reading from one browser, without closing it."""
        self._epoll.unregister(self._sockets[index])

    def receive(self, wait_s: float) -> Iterator[tuple[int, bytes, float]]:
        """Yield (browser, payload, when) of every frame that comes within ``wait_s``, or at once when some are there.

        ``when`` is ``time.perf_counter()``: the monotonic clock, the same in all processes of this machine.
        """
        for fd, _ in self._epoll.poll(wait_s):
            index = self._index[fd]
            try:
                data = self._sockets[index].recv(READ)
            except BlockingIOError:
                continue
            if not data:
                self._epoll.unregister(fd)
                continue
            now = time.perf_counter()
            frames, self._rest[index] = cut_frames(self._rest[index] + data)
            for payload in frames:
                if payload:
                    yield index, payload, now
                else:
                    self._sockets[index].send(_PONG)

    def quiet(self, for_s: float = 0.3) -> None:
        """Read on until nothing has come for a while."""
        until = time.perf_counter() + for_s
        while time.perf_counter() < until:
            for _ in self.receive(for_s / 3):
                until = time.perf_counter() + for_s


def cut_frames(data: bytes) -> tuple[list[bytes], bytes]:
    """Return the payloads of all whole frames, and what is left (RFC 6455 section 5.2; servers do not mask)."""
    frames: list[bytes] = []
    at, end = 0, len(data)
    while at + 2 <= end:
        size, body = data[at + 1], at + 2
        if size == 126:
            size, body = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
        elif size == 127:
            size, body = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
        if body + size > end:
            break
        frames.append(data[body : body + size])
        at = body + size
    return frames, data[at:]


def frame(payload: bytes) -> bytes:
    """Return a whole text frame as a server sends it."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65_536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


def _upgraded(one: socket.socket) -> bytes:
    """Read the answer to the handshake; return what came after it."""
    data = b""
    while b"\r\n\r\n" not in data:
        got = one.recv(READ)
        if not got:
            raise ConnectionError("the server refused the WebSocket")
        data += got
    head, _, rest = data.partition(b"\r\n\r\n")
    if b" 101 " not in head.split(b"\r\n", 1)[0] + b" ":
        raise ConnectionError(head.decode("latin-1"))
    return rest


@contextlib.contextmanager
def listening() -> Iterator[socket.socket]:
    """A listening socket on a free port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        yield server
