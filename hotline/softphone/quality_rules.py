"""How well a call sounds: the score, its word, and how reports of a browser add up over a call. Pure.

Browsers count packets (frontend/src/phone/quality.ts); the score is computed here again, so that nobody's browser
decides what is written down about a call. Both formulas are held against ``frontend/test/phone/mos.json``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


class Verdict(StrEnum):
    """A score in one word."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


class Alarm(StrEnum):
    """What is wrong with the sound right now, as the operator's browser sees it; the gravest first."""

    PATH_LOST = "path-lost"  # neither sound nor answers to connectivity checks (RFC 8445)
    NOTHING_RECEIVED = "nothing-received"  # the network answers, no sound comes
    NOTHING_SENT = "nothing-sent"
    NOT_HEARD = "not-heard"  # Asterisk reports that it misses what we send
    MICROPHONE_OFF = "microphone-off"  # by the headset's own switch
    MICROPHONE_SILENT = "microphone-silent"


DEAF = (Alarm.PATH_LOST, Alarm.NOTHING_RECEIVED)
ONE_WAY = (*DEAF, Alarm.NOTHING_SENT, Alarm.NOT_HEARD)
"""Alarms that a supervisor must know of; a microphone is the operator's own affair."""

BEST, WORST = 4.5, 1.0
_SILENCE_S = 10.0
"""Reports come every two seconds; after a longer gap nobody knows how long the fault lasted."""


def mos(loss_pct: float, jitter_ms: float, rtt_ms: float) -> float:
    """Return the mean opinion score, 1 to 4.5, of packet loss (per cent), jitter and round trip (milliseconds).

    The simplified E-model (after ITU-T G.107) that PingPlotter made common: jitter counts twice, 10 ms are the codec's.
    """
    latency = rtt_ms / 2 + 2 * jitter_ms + 10
    r = 93.2 - (latency / 40 if latency < 160 else (latency - 120) / 10) - 2.5 * loss_pct
    if r <= 0:
        return WORST
    return min(BEST, max(WORST, 1 + 0.035 * r + 7e-6 * r * (r - 60) * (100 - r)))


def verdict(score: float) -> Verdict:
    """Put a score into one word: ITU-T G.107 table B.1, above 4.03 users are satisfied, below 3.60 many are not."""
    if score >= 4.03:
        return Verdict.GOOD
    return Verdict.FAIR if score >= 3.6 else Verdict.POOR


@dataclass(frozen=True, slots=True)
class Report:
    """What a browser counted on one leg of a call since its report before."""

    leg: str
    received: int
    lost: int
    jitter_ms: float
    rtt_ms: float | None
    alarm: Alarm | None

    @property
    def loss_pct(self) -> float:
        """Packets that did not arrive, per cent of those expected."""
        expected = self.received + self.lost
        if self.received == 0 and self.alarm in DEAF:
            return 100.0
        return 100.0 * self.lost / expected if expected else 0.0

    @property
    def mos(self) -> float | None:
        """The score; ``None`` when nothing was to be heard (on hold)."""
        if self.received + self.lost == 0:
            return WORST if self.alarm in DEAF else None
        return mos(self.loss_pct, self.jitter_ms, self.rtt_ms or 0.0)


@dataclass(frozen=True, slots=True)
class QualityChanged:
    """Published on the bus with every report. ``report`` is ``None`` when the call is over."""

    extension: str
    user_id: int
    call_key: str | None
    at: datetime
    report: Report | None


@dataclass(frozen=True, slots=True)
class LegQuality:
    """One leg of a call over a stretch of time. Two stretches give the whole (:meth:`joined`)."""

    call_key: str
    user_id: int
    extension: str
    leg: str
    first_at: datetime
    last_at: datetime
    scored: int = 0
    """How many reports had a score."""
    mos_sum: float = 0.0
    mos_min: float = BEST
    received: int = 0
    lost: int = 0
    jitter_max_ms: float = 0.0
    rtt_max_ms: float | None = None
    alarms: int = 0
    """How often the sound went one way, and for how long."""
    alarm_s: float = 0.0

    @property
    def mos(self) -> float | None:
        """The mean score."""
        return self.mos_sum / self.scored if self.scored else None

    @property
    def loss_pct(self) -> float:
        """Loss over the whole leg, per cent."""
        expected = self.received + self.lost
        return 100.0 * self.lost / expected if expected else 0.0

    def plus(self, report: Report, at: datetime, before: QualityChanged | None) -> LegQuality:
        """Return this with one more report; ``before`` is the one of this operator that came before it, of any leg."""
        score = report.mos
        previous = before.report if before is not None else None
        was = previous.alarm if previous is not None and previous.leg == report.leg else None
        lasted = (at - before.at).total_seconds() if before is not None and was in ONE_WAY else 0.0
        one = replace(
            self,
            last_at=at,
            scored=int(score is not None),
            mos_sum=score or 0.0,
            mos_min=score if score is not None else BEST,
            received=report.received,
            lost=report.lost,
            jitter_max_ms=report.jitter_ms,
            rtt_max_ms=report.rtt_ms,
            alarms=int(report.alarm in ONE_WAY and was not in ONE_WAY),
            alarm_s=min(max(lasted, 0.0), _SILENCE_S),
        )
        return self.joined(one)

    def joined(self, other: LegQuality) -> LegQuality:
        """Return two stretches of the same leg as one."""
        return replace(
            self,
            first_at=min(self.first_at, other.first_at),
            last_at=max(self.last_at, other.last_at),
            scored=self.scored + other.scored,
            mos_sum=self.mos_sum + other.mos_sum,
            mos_min=min(self.mos_min, other.mos_min),
            received=self.received + other.received,
            lost=self.lost + other.lost,
            jitter_max_ms=max(self.jitter_max_ms, other.jitter_max_ms),
            rtt_max_ms=max((one for one in (self.rtt_max_ms, other.rtt_max_ms) if one is not None), default=None),
            alarms=self.alarms + other.alarms,
            alarm_s=self.alarm_s + other.alarm_s,
        )


def worst(legs: tuple[LegQuality, ...]) -> LegQuality | None:
    """Return the leg that sounded worst: what a list shows of a call. ``None`` when none has a score."""
    return min((leg for leg in legs if leg.mos is not None), key=lambda leg: leg.mos or WORST, default=None)
