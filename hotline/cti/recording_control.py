"""Recording while the call goes on: silence for a private field, and start and stop for internal calls.

A pause is silence in the file, not a hole: the time line stays (MixMonitorMute, Asterisk manager documentation). It
ends when the operator leaves the field, after a limit, when his browser is gone, and when his part of the call ends:
whoever forgets it, the recording goes on by itself.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hotline.clock import Clock
from hotline.cti import recordings
from hotline.cti.calls import CallTracker
from hotline.cti.callstate import LiveCall
from hotline.cti.commands import Commands
from hotline.cti.control import CallControl
from hotline.cti.errors import CommandRefused
from hotline.cti.model import CallEvent, CallEventKind, Direction
from hotline.cti.recording_model import PauseEnd, RecordingPaused
from hotline.errors import BadInput, Conflict, HotlineError, NotFound
from hotline.events import Bus

log = logging.getLogger(__name__)

MAX_FIELD = 40
AGAIN_S = 1.0
FRAMES_S = 0.06
"""Three frames of 20 ms between an end and a new beginning: with the next one, Asterisk lets go of decoder and file."""


@dataclass(slots=True)
class _Pause:
    channel: str
    extension: str
    field: str
    timer: asyncio.Task[None] | None = None


class RecordingControl:
    """The recordings of the live calls of one Asterisk. ``by`` is the extension of the operator who asks.

    :param limit_s: the longest pause, in seconds.
    """

    def __init__(
        self,
        tracker: CallTracker,
        commands: Commands,
        control: CallControl,
        bus: Bus,
        clock: Clock,
        *,
        folder: Path,
        limit_s: float = 60,
    ) -> None:
        self._tracker = tracker
        self._commands = commands
        self._control = control
        self._bus = bus
        self._clock = clock
        self._folder = folder
        self._limit_s = limit_s
        self._pauses: dict[str, _Pause] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._on_demand: set[str] = set()

    @property
    def paused(self) -> frozenset[str]:
        """Keys of the calls that are silenced now."""
        return frozenset(self._pauses)

    async def pause(self, key: str, by: str, field: str) -> None:
        """Silence both sides in the recording. A pause that lasts is prolonged.

        :raises BadInput: the name of the field is empty or too long.
        :raises Conflict: the call is not being recorded.
        :raises NotFound, Forbidden: no such call, or another operator's.
        """
        if not 0 < len(field) <= MAX_FIELD or not field.isidentifier():
            raise BadInput("not the name of a field", details={"field": "a name of at most 40 characters"})
        call = self._control.find(key, by)
        if not call.recorded:
            raise Conflict("the call is not being recorded", error_id="not-recorded")
        async with self.lock(key):
            lasting = self._pauses.get(key)
            if lasting is None:
                channel = recorded_channel(call)
                await self._commands.mute_recording(channel, on=True)
                lasting = self._pauses[key] = _Pause(channel, by, field)
                self._bus.publish(RecordingPaused(key, by, field, self._clock.now()))
            elif lasting.timer is not None:
                lasting.timer.cancel()
            lasting.timer = asyncio.create_task(self._limit(key, self._limit_s), name=f"recording.pause:{key}")

    async def resume(self, key: str, by: str) -> None:
        """Go on recording; harmless when nothing is paused.

        :raises NotFound, Forbidden: no such call, or another operator's.
        """
        if key in self._pauses and self._pauses[key].extension == by:
            await self._end(key, PauseEnd.FIELD)
        else:
            self._control.find(key, by)

    async def start(self, key: str, by: str) -> None:
        """Record an internal call from now on; what was recorded before in it stays.

        :raises Conflict: it is not an internal call (those with citizens are recorded always), or it is recorded.
        """
        call = self._internal(key, by)
        if key in self._on_demand:
            raise Conflict("the call is being recorded", error_id="already-recorded")
        path, channel = recordings.path_of(self._folder, key), recorded_channel(call)
        again = await asyncio.to_thread(path.exists)
        async with self.lock(key):
            if again:
                with suppress(CommandRefused):  # stopped in time; or begun before this service was started: never twice
                    await self._commands.stop_recording(channel)
                await asyncio.sleep(FRAMES_S)  # also when it was stopped a moment ago: decoder and file are still held
            await self._commands.record(channel, str(path), recordings.options(path, append=again))
            self._on_demand.add(key)

    async def stop(self, key: str, by: str) -> None:
        """Stop what :meth:`start` began.

        :raises Conflict: the call is not recorded on demand.
        """
        call = self._internal(key, by)
        async with self.lock(key):
            try:
                await self._commands.stop_recording(recorded_channel(call))
            except CommandRefused as error:
                raise Conflict("the call is not being recorded", error_id="not-recorded") from error
            finally:
                self._on_demand.discard(key)

    async def on_event(self, event: CallEvent) -> None:
        """Subscribed to the bus: a pause does not outlive the operator's part in the call."""
        key, pause = event.call.key, self._pauses.get(event.call.key)
        if event.kind is CallEventKind.ENDED:
            await self._end(key, PauseEnd.CALL)
            self._locks.pop(key, None)
            self._on_demand.discard(key)
        elif pause is not None and event.call.operator != pause.extension:
            await self._end(key, PauseEnd.TRANSFER)

    async def on_browser_gone(self, extension: str) -> None:
        """An operator's browser has vanished: nobody is left who would tell the end of his pause."""
        for key in [key for key, pause in self._pauses.items() if pause.extension == extension]:
            await self._end(key, PauseEnd.GONE)

    async def unmute(self, key: str) -> None:
        """After a restart of the service: end a pause that an earlier process began and nobody remembers."""
        call = self._tracker.live(key)
        if call is None or key in self._pauses:
            return
        try:
            await self._commands.mute_recording(recorded_channel(call), on=False)
        except NotFound:
            log.info("call %s ended in a pause of its recording", key)

    async def close(self) -> None:
        """Stop the timers. Pauses that last are ended by the next start."""
        timers = [pause.timer for pause in self._pauses.values() if pause.timer is not None]
        for timer in timers:
            timer.cancel()
        await asyncio.gather(*timers, return_exceptions=True)

    async def _limit(self, key: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if not await self._end(key, PauseEnd.LIMIT):
            self._pauses[key].timer = asyncio.create_task(self._limit(key, AGAIN_S), name=f"recording.pause:{key}")

    async def _end(self, key: str, reason: PauseEnd) -> bool:
        """End a pause; ``False``: Asterisk could not be told at the limit, and it must be tried again."""
        async with self.lock(key):
            pause = self._pauses.get(key)
            if pause is None:
                return True
            if reason is not PauseEnd.CALL:
                try:
                    await self._commands.mute_recording(pause.channel, on=False)
                except NotFound:
                    log.info("call %s ended in a pause of its recording", key)
                except HotlineError:
                    log.warning("the recording of call %s is still silent: Asterisk does not answer", key)
                    if reason is PauseEnd.LIMIT:
                        return False
                    raise
            del self._pauses[key]
            if pause.timer is not None and pause.timer is not asyncio.current_task():
                pause.timer.cancel()
            log.info("recording %s goes on: %s", key, reason)
            self._bus.publish(RecordingPaused(key, pause.extension, pause.field, self._clock.now(), reason))
            return True

    def lock(self, key: str) -> asyncio.Lock:
        """Return what keeps two commands to the recording of one call apart."""
        return self._locks.setdefault(key, asyncio.Lock())

    def _internal(self, key: str, by: str) -> LiveCall:
        call = self._tracker.live(key)
        if call is None or not call.published:
            raise NotFound("there is no such call any more", error_id="no-such-call", details={"key": key})
        if call.direction is not Direction.INTERNAL:
            raise Conflict("calls with citizens are recorded always", error_id="not-internal")
        if not any(leg.extension == by and leg.ended_at is None for leg in call.legs.values()):
            raise NotFound("there is no such call any more", error_id="no-such-call", details={"key": key})
        return call


def recorded_channel(call: LiveCall) -> str:
    """Return the channel that the recording is on: the citizen's; in an internal call that of who called.

    :raises NotFound: it is gone.
    """
    if call.direction is Direction.INTERNAL:
        leg = call.first if call.first is not None and call.first.ended_at is None else None
    else:
        leg = call.party if call.party is not None and call.party.ended_at is None else None
    if leg is None:
        raise NotFound("the other side is gone", error_id="no-such-channel")
    return leg.channel
