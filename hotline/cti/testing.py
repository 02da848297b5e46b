"""A fake Asterisk manager interface, shipped for tests of anything above the link.

It speaks the real wire format over a real socket, keeps a tiny model of queues and channels, records every action and
misbehaves on request. The contract suite in tests/integration/cti/test_contract.py runs on it and on the real
Asterisk, so it cannot drift away.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Self

Headers = dict[str, str]
Answer = list[Headers] | None
"""Messages to send back, without the ActionID; ``None`` keeps silent."""

BANNER = b"Asterisk Call Manager/11.0.0\r\n"


def encode(headers: Mapping[str, str | list[str]]) -> bytes:
    """Write one message as AMI does."""
    lines: list[str] = []
    for name, value in headers.items():
        lines += [f"{name}: {part}" for part in ([value] if isinstance(value, str) else value)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@dataclass(eq=False)
class Session:
    """One connected client."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    challenge: str = field(default_factory=lambda: secrets.token_hex(4))
    logged_in: bool = False


class FakeAmiServer:
    """``async with FakeAmiServer() as ami:`` listens on a free port of this machine.

    :param users: user → secret.
    """

    def __init__(self, users: Mapping[str, str] | None = None) -> None:
        self.users = dict(users or {"hotline": "secret"})
        self.port = 0
        self.actions: list[Headers] = []
        """Every action received, in order."""
        self.handlers: dict[str, Callable[[Headers], Answer]] = {
            "Ping": lambda _: [{"Response": "Success", "Ping": "Pong"}],
            "Logoff": lambda _: [{"Response": "Goodbye"}],
            "CoreStatus": lambda _: [_success() | dict(self.core_status)],
            "DeviceStateList": lambda _: _listing("DeviceStateList", self.devices),
            "QueueStatus": lambda _: _listing("QueueStatus", self._queue_status()),
            "CoreShowChannels": lambda _: _listing("CoreShowChannels", self.channels),
            "QueueAdd": self._queue_add,
            "QueueRemove": self._queue_remove,
            "QueuePause": self._queue_pause,
            "Originate": self._originate,
            "Hangup": self._on_channel,
            "Setvar": self._on_channel,
            "Redirect": self._on_channel,
            "MixMonitorMute": self._on_channel,
        }
        """What answers each action; replace or delete entries to misbehave."""
        self.core_status: Headers = {"CoreStartupDate": "2026-11-20", "CoreStartupTime": "06:00:00"}
        self.queues: dict[str, dict[str, Headers]] = {"hotline": {}}
        self.waiting: list[Headers] = []
        """QueueEntry messages."""
        self.devices: list[Headers] = []
        """DeviceStateChange messages."""
        self.channels: list[Headers] = []
        """CoreShowChannel messages."""
        self.answering: set[str] = set()
        """Devices that answer when they are called."""
        self.booted = True
        self._server: asyncio.Server | None = None
        self._sessions: set[Session] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._news = asyncio.Condition()

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.refuse()

    async def listen(self) -> None:
        """Accept connections, on the same port as before if there was one."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Stop listening and cut every connection."""
        if self._server is not None:
            self._server.close()
        self.drop()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None

    @property
    def sessions(self) -> tuple[Session, ...]:
        """The connected clients."""
        return tuple(self._sessions)

    def drop(self) -> None:
        """Cut every connection, as a crash would."""
        for session in self._sessions:
            session.writer.transport.abort()

    def event(self, name: str, **headers: str | list[str]) -> None:
        """Send one event to every client."""
        self.raw(encode({"Event": name, **headers}))

    def raw(self, data: bytes) -> None:
        """Send bytes to every client that has logged in."""
        for session in self._sessions:
            if session.logged_in:
                session.writer.write(data)

    def named(self, action: str) -> list[Headers]:
        """Return the received actions of one name."""
        return [headers for headers in self.actions if headers.get("Action") == action]

    async def received(self, action: str, count: int = 1) -> Headers:
        """Wait until ``count`` actions of this name have come; return the latest."""
        async with self._news:
            await self._news.wait_for(lambda: len(self.named(action)) >= count)
        return self.named(action)[-1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session(reader, writer)
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
        self._sessions.add(session)
        try:
            writer.write(BANNER)
            while block := await reader.readuntil(b"\r\n\r\n"):
                await self._take(session, _decode(block))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client went away
        finally:
            self._sessions.discard(session)
            if task is not None:
                self._tasks.discard(task)
            writer.close()

    async def _take(self, session: Session, action: Headers) -> None:
        # The answer goes out before the action is announced, so that a test that has seen it may cut the connection
        # knowing what was sent.
        for message in self._answer(session, action) or []:
            message = {**message}  # noqa: PLW2901 - a copy, because handlers may share what they return
            kind = next(iter(message))
            rest = {name: value for name, value in message.items() if name != kind}
            action_id = {"ActionID": action["ActionID"]} if "ActionID" in action else {}
            session.writer.write(encode({kind: message[kind], **action_id, **rest}))
        async with self._news:
            self.actions.append(action)
            self._news.notify_all()
        if session.logged_in and action["Action"] == "Login" and self.booted:
            session.writer.write(encode({"Event": "FullyBooted", "Status": "Fully Booted"}))

    def _answer(self, session: Session, action: Headers) -> Answer:
        name = action["Action"]
        if name == "Challenge":
            return [{"Response": "Success", "Challenge": session.challenge}]
        if name == "Login":
            return [self._login(session, action)]
        if not session.logged_in:
            return [_error("Permission denied")]
        handler = self.handlers.get(name)
        return handler(action) if handler is not None else [_error("Invalid/unknown command")]

    def _login(self, session: Session, action: Headers) -> Headers:
        secret = self.users.get(action.get("Username", ""), "")
        key = hashlib.md5((session.challenge + secret).encode(), usedforsecurity=False).hexdigest()
        if not secret or key != action.get("Key"):
            return _error("Authentication failed")
        session.logged_in = True
        return _success("Authentication accepted")

    # The model behind the answers

    def _queue_status(self) -> list[Headers]:
        rows: list[Headers] = []
        for queue, members in self.queues.items():
            rows.append({"Event": "QueueParams", "Queue": queue})
            rows += [{"Event": "QueueMember", "Queue": queue} | member for member in members.values()]
        return rows + self.waiting

    def _queue_add(self, action: Headers) -> Answer:
        members = self.queues.get(action["Queue"])
        if members is None:
            return [_error("Unable to add interface to queue: No such queue")]
        if action["Interface"] in members:
            return [_error("Unable to add interface: Already there")]
        members[action["Interface"]] = {
            "Name": action.get("MemberName", action["Interface"]),
            "Location": action["Interface"],
            "StateInterface": action.get("StateInterface", action["Interface"]),
            "Paused": "1" if action.get("Paused") == "true" else "0",
            "PausedReason": action.get("Reason", ""),
            "Penalty": action.get("Penalty", "0"),
            "Status": "4",
            "InCall": "0",
        }
        return [_success("Added interface to queue")]

    def _queue_remove(self, action: Headers) -> Answer:
        members = self.queues.get(action["Queue"])
        if members is None:
            return [_error("Unable to remove interface from queue: No such queue")]
        if members.pop(action["Interface"], None) is None:
            return [_error("Unable to remove interface: Not there")]
        return [_success("Removed interface from queue")]

    def _queue_pause(self, action: Headers) -> Answer:
        found = [members[action["Interface"]] for members in self.queues.values() if action["Interface"] in members]
        if not found:
            return [_error("Interface not found")]
        for member in found:
            member["Paused"] = "1" if action["Paused"] == "true" else "0"
            member["PausedReason"] = action.get("Reason", "")
        word = "paused" if action["Paused"] == "true" else "unpaused"
        return [_success(f"Interface {word} successfully")]

    def _on_channel(self, action: Headers) -> Answer:
        names = {row.get("Channel") for row in self.channels}
        if action["Channel"] not in names:
            # Redirect has its own words for it (main/manager.c).
            text = (
                "Channel does not exist: " + action["Channel"] if action["Action"] == "Redirect" else "No such channel"
            )
            return [_error(text)]
        return [{"Response": "Success"}]

    def _originate(self, action: Headers) -> Answer:
        uniqueid = action.get("ChannelId", "fake-1.1")
        answered = action["Channel"] in self.answering
        result = {"Response": "Success", "Reason": "4"} if answered else {"Response": "Failure", "Reason": "0"}
        return [
            _success("Originate successfully queued"),
            {"Event": "OriginateResponse", **result, "Uniqueid": uniqueid if answered else "<null>"},
        ]


def _success(message: str | None = None) -> Headers:
    return {"Response": "Success"} | ({"Message": message} if message else {})


def _error(message: str) -> Headers:
    return {"Response": "Error", "Message": message}


def _listing(name: str, rows: list[Headers]) -> list[Headers]:
    end = {"Event": f"{name}Complete", "EventList": "Complete", "ListItems": str(len(rows))}
    return [{"Response": "Success", "EventList": "start", "Message": f"{name} will follow"}, *rows, end]


def _decode(block: bytes) -> Headers:
    headers: Headers = {}
    for line in block.decode().split("\r\n"):
        name, sep, value = line.partition(": ")
        if sep:
            headers[name] = value
    return headers
