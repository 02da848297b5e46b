"""A recording goes on with every voice: MixMonitor is begun anew when the citizen hears another telephone.

Asterisk decodes what it records with one decoder for each direction of a channel, kept as long as anything listens to
that channel. In Debian's build the decoder drops a packet whose RTP sequence number lies behind the last one, also
when it comes from another telephone, whose numbers begin anywhere (RFC 3550, section 5.1). The citizen hears the new
voice, but the recording has silence for up to eleven minutes: in half of all transfers and reloads, on average.
Stopped and begun again, with a few frames between, it gets a new decoder (docs/telephony.md, ADR 0017).
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from hotline.cti import recordings
from hotline.cti.calls import CallTracker
from hotline.cti.commands import Commands
from hotline.cti.errors import CommandRefused
from hotline.cti.model import CallEvent, CallEventKind, LinkChanged, LinkState, VoiceChanged
from hotline.cti.recording_control import FRAMES_S, RecordingControl, recorded_channel
from hotline.cti.recording_model import RecordingPaused
from hotline.errors import HotlineError, NotFound

log = logging.getLogger(__name__)


class RecordingRenewal:
    """Renews the recordings of one Asterisk. Subscribe its ``on_…`` methods to the bus.

    While a private field is silent in the recording nothing is begun anew, since that would end the silence for a
    moment; what is owed is done afterwards, and likewise when Asterisk could not be asked.
    """

    def __init__(
        self, asterisk: str, tracker: CallTracker, commands: Commands, control: RecordingControl, *, folder: Path
    ) -> None:
        self._asterisk = asterisk
        self._tracker = tracker
        self._commands = commands
        self._control = control
        self._folder = folder
        self._owed: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def on_voice(self, event: VoiceChanged) -> None:
        """The citizen hears another telephone."""
        if event.asterisk == self._asterisk:
            self._owed.add(event.call_key)
            self._begin(event.call_key)

    async def on_pause(self, event: RecordingPaused) -> None:
        """A private field was left."""
        if event.end is not None and event.call_key in self._owed:
            self._begin(event.call_key)

    async def on_link(self, event: LinkChanged) -> None:
        """Asterisk can be asked again."""
        if event.asterisk == self._asterisk and event.state is LinkState.UP:
            for key in tuple(self._owed):
                self._begin(key)

    async def on_call(self, event: CallEvent) -> None:
        """Nothing is owed to a call that is over."""
        if event.kind is CallEventKind.ENDED:
            self._owed.discard(event.call.key)

    async def close(self) -> None:
        """Let what runs come to its end: a recording that was stopped must be begun again."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, key: str) -> None:
        # A task for each: after a restart there are as many as conversations, and each waits a little.
        task = asyncio.create_task(self._renew(key), name=f"recording.renewal:{key}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _renew(self, key: str) -> None:
        async with self._control.lock(key):
            call = self._tracker.live(key)
            if key not in self._owed or key in self._control.paused or call is None:
                return
            try:
                await self._again(key, recorded_channel(call))
            except NotFound:
                log.debug("call %s ended while its recording was begun anew", key)
            except HotlineError as error:
                log.warning("the recording of call %s is not begun anew: %s", key, error.message)
            else:
                self._owed.discard(key)
                log.info("recording %s: begun anew for another voice", key)

    async def _again(self, key: str, channel: str) -> None:
        path = recordings.path_of(self._folder, key)
        try:
            await self._commands.stop_recording(channel)
        except CommandRefused as error:
            # Also after a first try whose second half failed. Every call with a citizen is recorded.
            log.warning("call %s was not being recorded: %s", key, error.message)
        await asyncio.sleep(FRAMES_S)
        await self._commands.record(channel, str(path), recordings.options(path, append=True))
