"""The generator's own bookkeeping: what statistics must say, in its own arithmetic, noted as the script is written."""

from __future__ import annotations

import statistics
from collections import defaultdict
from dataclasses import dataclass, field

GROUPS = ("day", "hour", "quarter", "queue", "operator", "topic")
TOTAL = ""
QUARTER = 900.0


@dataclass(frozen=True)
class About:
    """Of what a figure is: the moment (seconds after local midnight), queue, operator and topic."""

    t: float
    queue: str | None = None
    user: int | None = None
    topic: str | None = None


@dataclass
class Book:
    """Figures by (group, key): counts and sums in ``sums``, waits of the answered in ``waits``."""

    sums: dict[tuple[str, str], dict[str, float]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(float))
    )
    waits: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))

    def note(self, about: About, **amounts: float) -> None:
        """Add amounts to every row that they belong to."""
        for place in self._places(about):
            for name, amount in amounts.items():
                self.sums[place][name] += amount

    def waited(self, about: About, seconds: float, goal: float) -> None:
        """An operator answered after ``seconds``."""
        self.note(about, offered=1, answered=1, in_goal=float(seconds <= goal), wait_s=seconds)
        for place in self._places(about):
            self.waits[place].append(seconds)

    def state(self, user: int, state: str, begin: float, end: float, queue: str | None, topic: str | None) -> None:
        """An operator was in a state from ``begin`` to ``end``."""
        name = {"ready": "ready_s", "pause": "pause_s"}.get(state, "busy_s")
        at = begin
        while at < end:
            until = min(end, (at // QUARTER + 1) * QUARTER)
            for group in ("day", "hour", "quarter", "operator"):
                for key in (TOTAL, self._key(group, About(at, user=user))):
                    self._time(group, key, name, state, until - at)
            for group, of_call in (("queue", queue), ("topic", topic)):
                self._time(group, TOTAL, name, state, until - at)
                if of_call is not None and state == "wrap_up":
                    self.sums[group, of_call]["wrap_s"] += until - at
            at = until

    def expected(self, group: str) -> dict[str, dict[str, float]]:
        """Return every figure of every row of a table."""
        found: dict[str, dict[str, float]] = {}
        for place, sums in self.sums.items():
            if place[0] == group:
                found[place[1]] = dict(sums)
        for place, waits in self.waits.items():
            if place[0] == group:
                found[place[1]] |= _quantiles(waits)
        return found

    def _time(self, group: str, key: str, name: str, state: str, seconds: float) -> None:
        self.sums[group, key][name] += seconds
        if state == "wrap_up":
            self.sums[group, key]["wrap_s"] += seconds

    def _places(self, about: About) -> list[tuple[str, str]]:
        places = [(group, TOTAL) for group in GROUPS]
        return places + [(group, key) for group in GROUPS if (key := self._key(group, about))]

    @staticmethod
    def _key(group: str, about: About) -> str:
        minute = int(about.t // 60) % 1440
        known = {
            "day": "2026-11-19" if about.t < 86_400 else "2026-11-20",
            "hour": f"{minute // 60:02}",
            "quarter": f"{minute // 60:02}:{minute % 60 // 15 * 15:02}",
            "queue": about.queue or "",
            "operator": str(about.user or ""),
            "topic": about.topic or "",
        }
        return known[group]


def _quantiles(waits: list[float]) -> dict[str, float]:
    if len(waits) == 1:
        return {"wait_p50": waits[0], "wait_p95": waits[0], "wait_max": waits[0]}
    cuts = statistics.quantiles(waits, n=20, method="inclusive")
    return {"wait_p50": statistics.median(waits), "wait_p95": cuts[18], "wait_max": max(waits)}
