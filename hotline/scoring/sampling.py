"""Drawing calls by chance that anybody can repeat. Pure.

Every call has a place that its key, the operator, the period and the rule's secret seed decide (SHA-256): nobody can
know or choose it, every call has the same chance, and the same calls give the same sample, in whatever order they come.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from hotline.scoring.model import Period


@dataclass(frozen=True, slots=True, order=True)
class Candidate:
    """An operator's part of a call."""

    operator_id: int
    call_key: str


def start_of(period: Period, day: date) -> date:
    """Return the first day of the period that ``day`` is in; weeks begin on Monday."""
    if period is Period.MONTH:
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if period is Period.WEEK else day


def end_of(period: Period, start: date) -> date:
    """Return the first day after the period that begins on ``start``."""
    if period is Period.MONTH:
        return (start + timedelta(days=31)).replace(day=1)
    return start + timedelta(days=7 if period is Period.WEEK else 1)


def place(seed: str, start: date, one: Candidate) -> str:
    """Return where a call stands in the order of chance."""
    return hashlib.sha256(f"{seed}|{start.isoformat()}|{one.operator_id}|{one.call_key}".encode()).hexdigest()


def draw(
    candidates: Iterable[Candidate],
    *,
    seed: str,
    start: date,
    per_operator: int,
    have: Mapping[int, int],
    taken: Collection[Candidate],
) -> tuple[Candidate, ...]:
    """Return the calls to add, by operator.

    :param have: how many of this rule's calls each operator has in this period already (skipped ones not counted).
    :param taken: calls that are or were reviewed: they are never drawn again.
    """
    of: dict[int, set[Candidate]] = defaultdict(set)
    for one in candidates:
        if one not in taken:
            of[one.operator_id].add(one)
    return tuple(
        one
        for operator_id in sorted(of)
        for one in sorted(of[operator_id], key=lambda candidate: place(seed, start, candidate))[
            : max(0, per_operator - have.get(operator_id, 0))
        ]
    )
