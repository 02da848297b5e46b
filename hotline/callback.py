"""The ledger of citizens not served in one object: its service, what keeps it true, and the kept places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from hotline.callbacks.dialer import Dialer, Free, Gate
from hotline.callbacks.keeper import Keeper
from hotline.callbacks.model import Limits
from hotline.callbacks.service import Callbacks
from hotline.callbacks.store import e164
from hotline.clock import Clock
from hotline.config import Settings
from hotline.cti.commands import Commands, Place, interface_of
from hotline.cti.model import Direction
from hotline.cti.service import CtiService
from hotline.db import Database
from hotline.events import Bus
from hotline.journal import identifiers
from hotline.journal.outbox import Outbox
from hotline.queue.model import OperatorState
from hotline.queue.service import OperatorDesk

RING_S = 20
"""Seconds for which an operator's telephone rings for a call-back."""


def limits_of(settings: Settings) -> Limits:
    """Return what the installation wants of the ledger."""
    return Limits(
        day_until=settings.callback_until,
        served_s=settings.callback_served_s,
        hold=timedelta(minutes=settings.callback_hold_min),
        place_tries=settings.callback_tries,
        place_pause=timedelta(minutes=settings.callback_pause_min),
        international=settings.international,
    )


class _Exchange:
    """One Asterisk, as the dialer knows it."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands
        self.add_member = commands.add_member
        self.remove_member = commands.remove_member
        self.pause_member = commands.pause_member

    async def ring(self, extension: str, number: str, queue: str, key: str) -> None:
        """Ring the operator; the dialplan dials the citizen when he has answered (context ``callback``)."""
        headers = {"X-Call-Id": key, "X-Call-Role": "callback", "X-Queue": queue}
        await self._commands.originate(
            interface_of(extension),
            Place("callback", number.removeprefix("+")),
            caller_id=number,
            variables={f"PJSIP_HEADER(add,{name})": value for name, value in headers.items()},
            ring_s=RING_S,
            uniqueid=key,
        )


class CallbackParts:
    """Wires the ledger. ``gate`` goes between the operators' desk and Asterisk."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        bus: Bus,
        clock: Clock,
        cti: Mapping[str, CtiService],
        outbox: Outbox,
    ) -> None:
        home = settings.asterisks[0].name
        self._cti = cti
        self.service = Callbacks(database, clock, settings.zone, outbox, limits_of(settings))
        self.keeper = Keeper(self.service, bus, clock)
        self._dialer = Dialer(self.service, home, _Exchange(cti[home].commands), bus, clock)
        self._desk: OperatorDesk | None = None

    @property
    def gate(self) -> Gate:
        """Stands between the desk and the queues: a free operator may be needed for a call-back."""
        return self._dialer.gate

    def start(self, desk: OperatorDesk) -> None:
        """Begin to fold, and to call back."""
        self._desk = desk
        self.keeper.start()
        self._dialer.start(self)

    async def close(self) -> None:
        """Stop both."""
        await self._dialer.close()
        await self.keeper.close()

    # What the dialer sees (``dialer.View``)

    def free(self) -> Sequence[Free]:
        """Operators who are ready."""
        if self._desk is None:
            return ()
        ready = [one for one in self._desk.board().operators if one.state is OperatorState.READY]
        return [Free(one.extension, one.queues) for one in ready]

    def queues_of(self, extension: str) -> tuple[str, ...]:
        """The queues that an operator serves."""
        operator = self._desk.at_extension(extension) if self._desk is not None else None
        return operator.queues if operator is not None else ()

    def oldest(self, queues: Iterable[str]) -> datetime | None:
        """Since when the first citizen on the line waits in one of these queues."""
        wanted = set(queues)
        lines = self._desk.board().queues if self._desk is not None else ()
        return min((one.oldest_at for one in lines if one.queue in wanted and one.oldest_at is not None), default=None)

    def numbers_in_calls(self) -> set[str]:
        """Citizens who are in a call now."""
        found: set[str] = set()
        for service in self._cti.values():
            for call in service.calls.values():
                if call.direction is Direction.OUT:
                    found.add(e164(call.dialled))
                elif call.direction is Direction.IN:
                    found.add(identifiers.phone(call.caller) or "")
        return found
