"""Everything about recordings in one object, so that the composition root has one line for each of its ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hotline.archive.jobs import RecordingJobs
from hotline.archive.pauses import Pauses
from hotline.archive.service import Archive
from hotline.clock import Clock
from hotline.cti.model import CallEvent, LinkChanged, LinkState
from hotline.cti.recording_control import RecordingControl
from hotline.cti.recording_model import RecordingPaused
from hotline.events import Bus


class RecordingParts:
    """The archive, its jobs and the control of live recordings, connected by the bus."""

    def __init__(
        self,
        archive: Archive,
        jobs: RecordingJobs,
        pauses: Pauses,
        controls: Mapping[str, RecordingControl],
        bus: Bus,
        clock: Clock,
    ) -> None:
        self.archive = archive
        self.controls = controls
        self._jobs = jobs
        self._pauses = pauses
        self._bus = bus
        self._clock = clock

    def start(self) -> None:
        """Subscribe and begin to work."""
        self._bus.subscribe(RecordingPaused, handler=self._pauses.on_event, name="archive.pauses")
        self._bus.subscribe(LinkChanged, handler=self._on_link, name="archive.forgotten-pauses")
        self._bus.subscribe(CallEvent, handler=self._jobs.on_event, name="archive.jobs")
        for name, control in self.controls.items():
            self._bus.subscribe(CallEvent, handler=control.on_event, name=f"recording.{name}")
        self._jobs.start()

    async def close(self) -> None:
        """Stop working."""
        await self._jobs.close()
        for control in self.controls.values():
            await control.close()

    async def browser_gone(self, extension: str) -> None:
        """An operator's browser has vanished."""
        for control in self.controls.values():
            await control.on_browser_gone(extension)

    async def _on_link(self, event: LinkChanged) -> None:
        """Asterisk answers (again): end the pauses that an earlier process began."""
        control = self.controls.get(event.asterisk)
        if control is None or event.state is not LinkState.UP:
            return
        for pause in await self._pauses.forgotten(event.asterisk):
            if pause.call_key not in control.paused:
                await control.unmute(pause.call_key)
                await self._pauses.on_event(replace(pause, at=self._clock.now()))
