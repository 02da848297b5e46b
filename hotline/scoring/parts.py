"""Quality in one object: what ``app`` starts."""

from __future__ import annotations

from collections.abc import Mapping

from hotline.clock import Clock
from hotline.cti.service import CtiService
from hotline.db import Database
from hotline.events import Bus
from hotline.scoring.ratings import RatingKeeper


class ScoringParts:
    """Wires what goes on by itself: taking over what citizens said."""

    def __init__(self, database: Database, bus: Bus, clock: Clock, cti: Mapping[str, CtiService]) -> None:
        self.ratings = RatingKeeper(database, bus, clock, cti)

    def start(self) -> None:
        """Begin."""
        self.ratings.start()

    async def close(self) -> None:
        """Stop."""
        await self.ratings.close()
