"""What the benches say: one table of ratios to floors that were measured in the same run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison: ours against a floor, in the same unit. Without a floor it is only told."""

    what: str
    ours: float
    floor: float | None = None
    unit: str = "us"
    good: float | None = None
    """The ratio that the design aims at (docs/performance.md), and the one it must not exceed."""
    limit: float | None = None

    @property
    def ratio(self) -> float | None:
        """How many times the floor ours takes."""
        return self.ours / self.floor if self.floor else None

    @property
    def word(self) -> str:
        """What to think of it."""
        if self.ratio is None or self.good is None:
            return ""
        if self.ratio <= self.good:
            return "good"
        return "kept" if self.limit is None or self.ratio <= self.limit else "OVER"

    def __str__(self) -> str:
        left = f"{self.what:<56}{_cell(self.ours):>10}{_cell(self.floor):>10} {self.unit:<4}"
        return f"{left}{_cell(self.ratio):>8}{_cell(self.good):>7}{_cell(self.limit):>7}  {self.word}".rstrip()


HEADING = f"{'':<56}{'ours':>10}{'floor':>10} {'unit':<4}{'ratio':>8}{'good':>7}{'most':>7}"


def table(rows: Iterable[Row]) -> str:
    """Return the rows as text."""
    return "\n".join([HEADING, *map(str, rows)])


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which ``share`` (0…1) of the values lie, by nearest rank."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


def _cell(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.2f}" if value < 100 else f"{value:.0f}"
