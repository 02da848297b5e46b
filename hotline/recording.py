"""Everything about recordings in one object, so that the composition root has one line for each of its ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hotline.archive.cli import terms_of
from hotline.archive.jobs import RecordingJobs
from hotline.archive.pauses import Pauses
from hotline.archive.service import Archive
from hotline.clock import Clock
from hotline.config import Settings
from hotline.cti.model import CallEvent, LinkChanged, LinkState, VoiceChanged
from hotline.cti.recording_control import RecordingControl
from hotline.cti.recording_model import RecordingPaused
from hotline.cti.recording_renewal import RecordingRenewal
from hotline.cti.service import CtiService
from hotline.db import Database
from hotline.events import Bus
from hotline.softphone.model import PhoneLost


class RecordingParts:
    """The archive, its jobs and the control of live recordings, connected by the bus."""

    def __init__(
        self, settings: Settings, database: Database, bus: Bus, clock: Clock, cti: Mapping[str, CtiService]
    ) -> None:
        def live() -> set[str]:
            return {key for one in cti.values() for key in one.calls}

        self.archive = Archive(database, clock, settings.asterisks, terms_of(settings), live)
        self.controls = {
            one.name: RecordingControl(
                cti[one.name].tracker,
                cti[one.name].commands,
                cti[one.name].control,
                bus,
                clock,
                folder=one.recording_dir,
                limit_s=settings.recording_pause_s,
            )
            for one in settings.asterisks
        }
        self._renewals = {
            one.name: RecordingRenewal(
                one.name,
                cti[one.name].tracker,
                cti[one.name].commands,
                self.controls[one.name],
                folder=one.recording_dir,
            )
            for one in settings.asterisks
        }
        self._jobs = RecordingJobs(self.archive, settings.database_url.get_secret_value())
        self._pauses = Pauses(database)
        self._db = database
        self._bus = bus
        self._clock = clock

    def start(self) -> None:
        """Subscribe and begin to work."""
        self._bus.subscribe(RecordingPaused, handler=self._pauses.on_event, name="archive.pauses")
        self._bus.subscribe(LinkChanged, handler=self._on_link, name="archive.forgotten-pauses")
        self._bus.subscribe(CallEvent, handler=self._jobs.on_event, name="archive.jobs")
        self._bus.subscribe(PhoneLost, handler=self._on_phone_lost, name="recording.browsers")
        for name, control in self.controls.items():
            self._bus.subscribe(CallEvent, handler=control.on_event, name=f"recording.{name}")
        for name, renewal in self._renewals.items():
            self._bus.subscribe(VoiceChanged, handler=renewal.on_voice, name=f"recording-renewal.{name}.voices")
            self._bus.subscribe(RecordingPaused, handler=renewal.on_pause, name=f"recording-renewal.{name}.pauses")
            self._bus.subscribe(LinkChanged, handler=renewal.on_link, name=f"recording-renewal.{name}.link")
            self._bus.subscribe(CallEvent, handler=renewal.on_call, name=f"recording-renewal.{name}.calls")
        self._jobs.start()

    async def close(self) -> None:
        """Stop working."""
        for renewal in self._renewals.values():
            await renewal.close()
        await self._jobs.close(alone=self._db.gone)
        for control in self.controls.values():
            await control.close()

    async def _on_phone_lost(self, event: PhoneLost) -> None:
        for control in self.controls.values():
            await control.on_browser_gone(event.extension)

    async def _on_link(self, event: LinkChanged) -> None:
        """Asterisk answers (again): end the pauses that an earlier process began."""
        control = self.controls.get(event.asterisk)
        if control is None or event.state is not LinkState.UP:
            return
        for pause in await self._pauses.forgotten(event.asterisk):
            if pause.call_key not in control.paused:
                await control.unmute(pause.call_key)
                await self._pauses.on_event(replace(pause, at=self._clock.now()))
