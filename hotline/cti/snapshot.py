"""Reading a snapshot of Asterisk over the link: devices, queues, channels, and when this Asterisk was started.

The order matters (telephony.md 2): what changes while we read arrives as an event behind the snapshot and is folded on
top of it, so the slowest-changing things are read first.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from hotline.clock import Clock
from hotline.cti import events as ev
from hotline.cti.errors import MalformedEvent
from hotline.cti.framing import Message
from hotline.cti.link import AmiLink
from hotline.cti.restore import SeenChannel, Snapshot, Waiting


async def read(link: AmiLink, clock: Clock) -> Snapshot:
    """Ask Asterisk for everything.

    :raises Unavailable, CommandRefused: Asterisk cannot be asked.
    :raises MalformedEvent: an answer cannot be understood.
    """
    at = clock.now()
    core = await link.send({"Action": "CoreStatus"})
    devices = await link.collect({"Action": "DeviceStateList"})
    queues = await link.collect({"Action": "QueueStatus"})
    channels = await link.collect({"Action": "CoreShowChannels"})
    return build(at, link.booted_at, core, devices, queues, channels)


def build(
    at: datetime,
    booted_at: datetime | None,
    core: Message,
    devices: list[Message],
    queues: list[Message],
    channels: list[Message],
) -> Snapshot:
    """Make a snapshot of Asterisk's answers. Pure.

    :raises MalformedEvent: a header is missing.
    """
    try:
        boot_id = f"{core.headers['CoreStartupDate']} {core.headers['CoreStartupTime']}"
        return Snapshot(
            at=at,
            boot_id=boot_id,
            booted_at=booted_at,  # not from CoreStartupTime: that is Asterisk's local time without its zone
            queues=tuple(m.headers["Queue"] for m in queues if m.event == "QueueParams"),
            waiting=tuple(_waiting(m, at) for m in queues if m.event == "QueueEntry"),
            members=tuple(_member(m, at) for m in queues if m.event == "QueueMember"),
            devices=tuple(_device(m, at) for m in devices if m.event == "DeviceStateChange"),
            channels=tuple(_channel(m, at) for m in channels if m.event == "CoreShowChannel"),
        )
    except KeyError as error:
        msg = f"Asterisk's snapshot has no header {error.args[0]}"
        raise MalformedEvent(msg, details={"header": str(error.args[0])}) from error
    except ValueError as error:
        msg = f"Asterisk's snapshot: {error}"
        raise MalformedEvent(msg) from error


def _waiting(message: Message, at: datetime) -> Waiting:
    headers = message.headers
    return Waiting(headers["Queue"], headers["Uniqueid"], at - timedelta(seconds=int(headers["Wait"])))


def _member(message: Message, at: datetime) -> ev.QueueMember:
    parsed = ev.parse(_stamped(message, at))
    assert isinstance(parsed, ev.QueueMember)  # noqa: S101 - parse() maps this name to this class
    return parsed


def _device(message: Message, at: datetime) -> ev.DeviceStateChange:
    parsed = ev.parse(_stamped(message, at))
    assert isinstance(parsed, ev.DeviceStateChange)  # noqa: S101 - parse() maps this name to this class
    return parsed


def _stamped(message: Message, at: datetime) -> Message:
    """Items of a list carry no Timestamp."""
    return Message({"Timestamp": str(at.timestamp())} | message.headers, message.repeated)


def _channel(message: Message, at: datetime) -> SeenChannel:
    headers = message.headers
    hours, minutes, seconds = (int(part) for part in headers["Duration"].split(":"))
    return SeenChannel(
        channel=ev.channel_of(message),
        started_at=at - timedelta(hours=hours, minutes=minutes, seconds=seconds),
        bridge=headers["BridgeId"] or None,
        application=headers["Application"],
    )
