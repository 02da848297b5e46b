"""Typed commands to one Asterisk. Each waits for Asterisk's answer and says clearly what went wrong.

Nothing here is ever repeated by itself: after ``Unavailable`` the command may or may not have run, and only the caller
knows whether asking again is right (style.md 6, faults E and K).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from hotline.cti.errors import CommandRefused
from hotline.cti.framing import Message
from hotline.cti.link import AmiLink
from hotline.cti.linkrules import Value
from hotline.errors import BadInput, NotFound


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the dialplan."""

    context: str
    exten: str
    priority: int = 1


class Commands:
    """What the product asks Asterisk to do. Implements ``queue.service.QueuePort``.

    Every method raises :class:`~hotline.errors.Unavailable` when Asterisk cannot be asked or does not answer, and
    :class:`~hotline.cti.errors.CommandRefused` when it says no in a way that is not described as harmless.
    """

    def __init__(self, link: AmiLink) -> None:
        self._link = link

    # Queue members (telephony.md 5)

    async def add_member(self, queue: str, extension: str, member_name: str, paused: bool, penalty: int = 0) -> None:
        """Add an operator's telephone to a queue; a member that is already there is brought to the wanted state.

        :param member_name: the user's id; queue_log names him by it.
        """
        interface = interface_of(extension)
        try:
            await self._link.send(
                {
                    "Action": "QueueAdd",
                    "Queue": queue,
                    "Interface": interface,
                    "StateInterface": interface,
                    "MemberName": member_name,
                    "Penalty": penalty,
                    "Paused": _flag(paused),
                }
            )
        except CommandRefused as error:
            if "Already there" not in error.message:
                raise
            await self.remove_member(queue, extension)
            await self.add_member(queue, extension, member_name, paused, penalty)

    async def remove_member(self, queue: str, extension: str) -> None:
        """Take a telephone out of a queue; harmless when it is not in it."""
        action = {"Action": "QueueRemove", "Queue": queue, "Interface": interface_of(extension)}
        try:
            await self._link.send(action)
        except CommandRefused as error:
            if "Not there" not in error.message:
                raise

    async def pause_member(self, extension: str, paused: bool, reason: str = "") -> None:
        """Pause a telephone in all its queues, or end the pause. Works during a call.

        :raises CommandRefused: the telephone is in no queue.
        """
        await self._link.send(
            {
                "Action": "QueuePause",
                "Interface": interface_of(extension),
                "Paused": _flag(paused),
                "Reason": reason,
            }
        )

    # Channels

    async def hangup(self, channel: str, cause: int = 16) -> None:
        """End one channel (Q.850 ``cause``).

        :raises NotFound: the channel is gone already.
        """
        await self._on_channel({"Action": "Hangup", "Channel": channel, "Cause": cause})

    async def redirect(
        self, channel: str, place: Place, extra: str | None = None, extra_place: Place | None = None
    ) -> None:
        """Send a channel to a place in the dialplan; with ``extra`` two bridged channels leave together.

        Redirecting one side of a two-party bridge alone hangs the other up (telephony.md 1.5).

        :raises NotFound: a channel is gone already.
        """
        action: dict[str, Value] = {
            "Action": "Redirect",
            "Channel": channel,
            "Context": place.context,
            "Exten": place.exten,
            "Priority": place.priority,
        }
        if extra is not None and extra_place is not None:
            action |= {
                "ExtraChannel": extra,
                "ExtraContext": extra_place.context,
                "ExtraExten": extra_place.exten,
                "ExtraPriority": extra_place.priority,
            }
        await self._on_channel(action)

    async def set_variable(self, channel: str, name: str, value: str) -> None:
        """Set a channel variable; a name with two leading underscores is inherited by the channels it dials.

        :raises NotFound: the channel is gone already.
        """
        await self._on_channel({"Action": "Setvar", "Channel": channel, "Variable": name, "Value": value})

    async def variable(self, channel: str, name: str) -> str:
        """Return a channel variable or function (``CHANNEL(rtcp,rxcount)``); empty when it is not set.

        :raises NotFound: the channel is gone already.
        """
        answer = await self._on_channel({"Action": "Getvar", "Channel": channel, "Variable": name})
        return answer.headers.get("Value", "")

    async def mute_recording(self, channel: str, on: bool, direction: str = "both") -> None:
        """Silence the recording of a channel (``both``, ``read`` or ``write``) or end it; the time line stays.

        :raises NotFound: the channel is gone already.
        """
        if direction not in {"both", "read", "write"}:
            raise BadInput("direction must be both, read or write", details={"direction": direction})
        action = {"Action": "MixMonitorMute", "Channel": channel, "Direction": direction, "State": "1" if on else "0"}
        await self._on_channel(action)

    async def record(self, channel: str, file: str, options: str) -> None:
        """Start MixMonitor on a channel; ``options`` are those of the dialplan application.

        :raises NotFound: the channel is gone already.
        """
        await self._on_channel({"Action": "MixMonitor", "Channel": channel, "File": file, "Options": options})

    async def stop_recording(self, channel: str) -> None:
        """Stop MixMonitor on a channel.

        :raises NotFound: the channel is gone already.
        :raises CommandRefused: it is not being recorded.
        """
        await self._on_channel({"Action": "StopMixMonitor", "Channel": channel})

    async def originate(
        self,
        channel: str,
        place: Place,
        *,
        caller_id: str = "",
        variables: Mapping[str, str] | None = None,
        ring_s: int = 25,
        uniqueid: str = "",
    ) -> str:
        """Call ``channel`` and, when somebody answers, send it to ``place``. Return the new channel's Uniqueid.

        :param uniqueid: chosen by the caller, who must know it before the telephone rings; ``""`` makes one.

        Waits for OriginateResponse, that is until the answer or the end of ringing.

        :raises CommandRefused: nobody answered, or the channel cannot be called.
        """
        uniqueid = uniqueid or f"originate-{uuid.uuid4().hex}"
        action: dict[str, Value] = {
            "Action": "Originate",
            "Channel": channel,
            "ChannelId": uniqueid,
            "Context": place.context,
            "Exten": place.exten,
            "Priority": place.priority,
            "Timeout": ring_s * 1000,
            "Async": "true",
            "Variable": [f"{name}={value}" for name, value in (variables or {}).items()],
        }
        if caller_id:
            action["CallerID"] = caller_id
        # AMI tells the end of ringing only after Timeout, so give it a little more.
        reply = await self._link.send(action, until="OriginateResponse", within=ring_s + 5.0)
        if reply.response != "Success":
            reason = reply.headers.get("Reason", "?")
            raise CommandRefused("nobody answered", error_id="not-answered", details={"reason": reason})
        return uniqueid

    async def _on_channel(self, action: Mapping[str, Value]) -> Message:
        try:
            return await self._link.send(action)
        except CommandRefused as error:
            # "No such channel", "Channel does not exist: X", "Channel not up: X" and the like (main/manager.c).
            if "o such channel" in error.message or "not exist" in error.message:
                msg = f"channel {action['Channel']} is gone"
                raise NotFound(msg, error_id="no-such-channel") from error
            raise


def interface_of(extension: str) -> str:
    """Return the device of an internal number.

    :raises BadInput: it is no internal number; anything else could name a foreign device.
    """
    if not (extension.isascii() and extension.isdigit() and 2 <= len(extension) <= 8):
        raise BadInput(f"not an internal number: {extension!r}", details={"extension": "2 to 8 digits"})
    return f"PJSIP/{extension}"


def _flag(value: bool) -> str:
    return "true" if value else "false"
