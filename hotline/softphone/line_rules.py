"""The exchange's own opinion of how a call sounds: what its RTP counted on a channel, and where a browser differs.

A browser counts what it receives (``quality_rules``). The exchange counts what it receives itself, which no browser can
know, and is told by RTCP what the other side of each channel missed (RFC 3550, section 6.4): the same packets that the
browser counts, seen by another program on another way. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from hotline.cti.model import LineReport
from hotline.softphone.quality_rules import LegQuality

ENOUGH = 500
"""Packets (ten seconds) below which a percentage means little."""
DIFFERS_PCT = 3.0
"""Points of loss by which two opinions of the same packets clearly differ; RTCP comes every five seconds."""
UNHEARD_PCT = 5.0
"""Loss from the operator that people notice (a score of 3.6 needs about this, see ``quality_rules.mos``)."""


class Disagreement(StrEnum):
    """What the browser and the exchange say differently."""

    LOSS_DIFFERS = "loss-differs"  # of what the operator is sent
    OPERATOR_UNHEARD = "operator-unheard"  # the exchange misses his packets, and his page has raised no alarm


@dataclass(frozen=True, slots=True)
class LineMeasured:
    """Published on the bus about every five seconds of a call. ``extension`` is ``None``: the citizen's channel."""

    call_key: str
    extension: str | None
    leg: str
    at: datetime
    report: LineReport


@dataclass(frozen=True, slots=True)
class LineQuality:
    """One channel of a call, as the exchange saw it. Counts are of the whole channel, so the latest are the right ones.

    :ivar leg: Uniqueid of the channel.
    :ivar extension: ``None``: the citizen's.
    """

    call_key: str
    leg: str
    extension: str | None
    first_at: datetime
    last_at: datetime
    received: int = 0
    lost: int = 0
    jitter_max_ms: float = 0.0
    sent: int = 0
    sent_lost: int = 0
    sent_jitter_max_ms: float = 0.0
    rtt_max_ms: float | None = None

    @property
    def loss_pct(self) -> float:
        """Packets from the other side that did not arrive, per cent."""
        return percentage(self.lost, self.received + self.lost)

    @property
    def sent_loss_pct(self) -> float:
        """Packets to the other side that it missed, per cent."""
        return percentage(self.sent_lost, self.sent)

    def plus(self, fact: LineMeasured) -> LineQuality:
        """Return this after one more look."""
        one = fact.report
        trips = [trip for trip in (self.rtt_max_ms, one.rtt_ms) if trip is not None]
        return replace(
            self,
            last_at=max(self.last_at, fact.at),
            received=max(self.received, one.received),
            lost=max(self.lost, one.lost),
            jitter_max_ms=max(self.jitter_max_ms, one.jitter_ms),
            sent=max(self.sent, one.sent),
            sent_lost=max(self.sent_lost, one.sent_lost),
            sent_jitter_max_ms=max(self.sent_jitter_max_ms, one.sent_jitter_ms),
            rtt_max_ms=max(trips, default=None),
        )


def begun(fact: LineMeasured) -> LineQuality:
    """Return a channel that is looked at for the first time."""
    return LineQuality(fact.call_key, fact.leg, fact.extension, fact.at, fact.at).plus(fact)


def percentage(part: int, whole: int) -> float:
    """Return ``part`` in per cent of ``whole``, 0 to 100."""
    return min(100.0, 100.0 * part / whole) if whole > 0 else 0.0


def disagreements(legs: Iterable[LegQuality], lines: Iterable[LineQuality]) -> dict[str, frozenset[Disagreement]]:
    """Return where an operator's page and the exchange clearly disagree, by extension; those who agree are left out.

    Channels and the browser's legs have no name in common (a reload makes two of one), so an operator's are added up.
    """
    pages: dict[str, list[LegQuality]] = {}
    for leg in legs:
        pages.setdefault(leg.extension, []).append(leg)
    channels: dict[str, list[LineQuality]] = {}
    for line in lines:
        if line.extension is not None:
            channels.setdefault(line.extension, []).append(line)
    both = {one: _compare(pages[one], channels[one]) for one in pages.keys() & channels.keys()}
    return {extension: found for extension, found in both.items() if found}


def _compare(page: list[LegQuality], channel: list[LineQuality]) -> frozenset[Disagreement]:
    found = set()
    expected = sum(leg.received + leg.lost for leg in page)
    sent = sum(line.sent for line in channel)
    if min(expected, sent) >= ENOUGH:
        own = percentage(sum(leg.lost for leg in page), expected)
        if abs(own - percentage(sum(line.sent_lost for line in channel), sent)) >= DIFFERS_PCT:
            found.add(Disagreement.LOSS_DIFFERS)
    due = sum(line.received + line.lost for line in channel)
    missed = percentage(sum(line.lost for line in channel), due)
    if due >= ENOUGH and missed >= UNHEARD_PCT and not any(leg.alarms for leg in page):
        found.add(Disagreement.OPERATOR_UNHEARD)
    return frozenset(found)
