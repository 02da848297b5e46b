"""Alarms of operators that nobody has confirmed yet (DAY-31), in memory: whoever logs in is shown them at once.

The table is read once, at the start; from then on the facts of the bus keep the picture. A snapshot must not wait for
the database (``web/push.py``), and what is read for each browser could show an alarm that was confirmed meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from hotline.journal.emergencies import SHOWN, Emergency


class OpenAlarms:
    """What is open. Facts may come before :meth:`load` has: they know more than what was read."""

    def __init__(self) -> None:
        self._open: dict[int, Emergency] = {}
        self._seen_early: set[int] | None = set()  # confirmed before the table was read; None: it was

    def take(self, fact: Emergency) -> None:
        """Learn that an alarm was raised or confirmed."""
        if not fact.seen_by:
            self._open[fact.id] = fact
            return
        self._open.pop(fact.id, None)
        if self._seen_early is not None:
            self._seen_early.add(fact.id)

    def load(self, found: Iterable[Emergency]) -> tuple[Emergency, ...]:
        """Take what the table holds; return what was not known before."""
        seen, self._seen_early = self._seen_early or set(), None
        news = tuple(one for one in found if one.id not in seen and one.id not in self._open)
        self._open.update((one.id, one) for one in news)
        return news

    def shown(self, now: datetime) -> tuple[Emergency, ...]:
        """Return the open alarms of this shift, oldest first."""
        for old in [one.id for one in self._open.values() if one.at <= now - SHOWN]:
            del self._open[old]
        return tuple(sorted(self._open.values(), key=lambda one: (one.at, one.id)))
