"""How much of every conversation was recorded (peers 3.4: provable completeness)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

TOLERANCE_S = 1.0
"""A gap shorter than this is the rounding of clocks: Asterisk's events and file times are not one clock."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """From one moment to another."""

    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        """Length; 0 when the end is before the start."""
        return max(0.0, (self.end - self.start).total_seconds())

    def overlap_s(self, other: Stretch) -> float:
        """Seconds that both have in common."""
        return Stretch(max(self.start, other.start), min(self.end, other.end)).seconds


@dataclass(frozen=True, slots=True)
class Conversation:
    """A finished call: when people talked, when sound was recorded, and when it was silenced on purpose."""

    call_key: str
    talked: Stretch
    recorded: Stretch | None
    pauses: tuple[Stretch, ...] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """Seconds of a conversation of which there is no sound."""

    call_key: str
    talked_s: float
    recorded_s: float
    paused_s: float
    missing_s: float


@dataclass(frozen=True, slots=True)
class Report:
    """All conversations of a time together; ``gaps`` are those that miss more than the tolerance."""

    calls: int
    talked_s: float
    recorded_s: float
    paused_s: float
    gaps: tuple[Gap, ...]

    @property
    def share(self) -> float:
        """Recorded part of the talked seconds, 0..1; 1 when nobody talked. A wanted pause counts as recorded."""
        return self.recorded_s / self.talked_s if self.talked_s else 1.0


def measure(one: Conversation) -> Gap:
    """Compare the talk of one call with its recording; ``missing_s`` may be 0."""
    recorded = one.recorded.overlap_s(one.talked) if one.recorded else 0.0
    paused = sum(pause.overlap_s(one.talked) for pause in one.pauses)
    return Gap(one.call_key, one.talked.seconds, recorded, paused, max(0.0, one.talked.seconds - recorded))


def report(conversations: Sequence[Conversation], tolerance_s: float = TOLERANCE_S) -> Report:
    """Add up; the largest gaps come first."""
    measured = [measure(one) for one in conversations]
    gaps = sorted((gap for gap in measured if gap.missing_s > tolerance_s), key=lambda gap: -gap.missing_s)
    return Report(
        calls=len(measured),
        talked_s=sum(gap.talked_s for gap in measured),
        recorded_s=sum(gap.recorded_s for gap in measured),
        paused_s=sum(gap.paused_s for gap in measured),
        gaps=tuple(gaps),
    )
