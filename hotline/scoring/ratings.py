"""Brings what citizens pressed after their calls from Asterisk's AstDB into the database (DAY-37, R-14)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from hotline.clock import Clock
from hotline.cti.model import LinkChanged, LinkState, RatingGiven
from hotline.cti.ratings import Rating
from hotline.cti.service import CtiService
from hotline.db import Database
from hotline.errors import HotlineError
from hotline.events import Bus
from hotline.journal.emergencies import EmergencyChanged
from hotline.journal.tables_card import EmergencyRow
from hotline.journal.tables_rating import RatingRow

log = logging.getLogger(__name__)

AGAIN_S = 60.0
"""What no event told of (a crash, a database that was away) is found so much later."""


async def write(db: Database, asterisk: str, rating: Rating) -> None:
    """Write an answer down; again is harmless, and an answer never gives way to none. Raises ``Unavailable``."""
    new = insert(RatingRow).values(
        call_key=rating.call_key,
        asterisk=asterisk,
        asked_at=rating.asked_at,
        score=rating.score,
        recommends=rating.recommends,
    )
    kept = {name: func.coalesce(new.excluded[name], getattr(RatingRow, name)) for name in ("score", "recommends")}
    async with db.begin() as session:
        await session.execute(new.on_conflict_do_update(index_elements=[RatingRow.call_key], set_=kept))


class RatingKeeper:
    """One task that empties AstDB: when a citizen has answered, when a link is up again, and every minute."""

    def __init__(self, db: Database, bus: Bus, clock: Clock, cti: Mapping[str, CtiService]) -> None:
        self._db = db
        self._bus = bus
        self._clock = clock
        self._cti = cti
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stop: list[Callable[[], Awaitable[None]]] = []

    def start(self) -> None:
        """Begin."""
        self._stop = [
            self._bus.subscribe(RatingGiven, handler=self._given, name="ratings.given"),
            self._bus.subscribe(LinkChanged, handler=self._link, name="ratings.links"),
            self._bus.subscribe(EmergencyChanged, handler=self._emergency, name="ratings.emergencies"),
        ]
        self._task = asyncio.create_task(self._keep(), name="ratings")

    async def close(self) -> None:
        """Stop; what Asterisk still keeps is found at the next start."""
        for stop in self._stop:
            await stop()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def look(self) -> int:
        """Take over everything that is there; return how many answers that were."""
        taken = 0
        for name, one in self._cti.items():
            if one.link_state is not LinkState.UP:
                continue
            for rating in await one.ratings.all(self._clock.now()):
                await write(self._db, name, rating)
                # Only what is written down is forgotten: killed in between, it is written once more.
                await one.ratings.forget(rating.call_key)
                taken += 1
                log.info("the citizen of call %s was asked how it was", rating.call_key)
        return taken

    async def _given(self, _: RatingGiven) -> None:
        self._wake.set()

    async def _link(self, event: LinkChanged) -> None:
        if event.state is LinkState.UP:
            self._wake.set()

    async def _emergency(self, event: EmergencyChanged) -> None:
        """Whoever called about a life in danger is asked nothing."""
        await self._spare(event.emergency.call_key)

    async def _spare(self, key: str | None) -> None:
        for one in self._cti.values():
            if key and one.tracker.call(key) is not None:
                try:
                    await one.control.never_rate(key)
                except HotlineError as error:
                    log.warning("an emergency call may be asked how it was: %s", error.message)

    async def _remember(self) -> None:
        """Spare them also when the service died before Asterisk was told."""
        live = [call.key for one in self._cti.values() for call in one.tracker.live_calls()]
        if not live:
            return
        alarms = select(EmergencyRow.call_key).where(EmergencyRow.call_key.in_(live))
        async with self._db.read() as session:
            keys = set(await session.scalars(alarms))
        for key in keys:
            await self._spare(key)

    async def _keep(self) -> None:
        while True:
            self._wake.clear()
            try:
                await self._remember()
                await self.look()
            except HotlineError as error:
                log.warning("answers of citizens wait in Asterisk: %s", error.message)
            except Exception:  # one broken answer must not keep all others from being read
                log.exception("answers of citizens could not be read")
            try:
                async with asyncio.timeout(AGAIN_S):
                    await self._wake.wait()
            except TimeoutError:
                continue
