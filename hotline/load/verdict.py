"""Is the journal right? Each citizen's own experience against what the product says of his call. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hotline.load.citizens import Citizen, Fate

OUTCOMES: Mapping[Fate, frozenset[str]] = {
    Fate.ANSWERED: frozenset({"answered"}),
    Fate.STRANDED: frozenset({"answered"}),
    Fate.ABANDONED: frozenset({"abandoned_queue", "abandoned_ivr"}),
    Fate.STOPPED: frozenset({"answered", "abandoned_queue", "abandoned_ivr"}),
}
COVERAGE = 0.95
"""Part of the conversation in which the recording must carry both tones; it is measured in quarters of a second."""
EDGE_S = 1.0
"""Seconds of a conversation that its two edges may cost: an operator's sound begins a moment after his answer. Each
hold and consultation has two edges more."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a recording carries, in seconds."""

    length_s: float
    both_s: float
    """Both tones at once: two people who hear each other."""


def caller_of(row: Mapping[str, Any]) -> str:
    """Return the citizen's number as SIPp sent it."""
    return str(row["caller"] or "").removeprefix("+")


def judge(citizen: Citizen, rows: Sequence[Mapping[str, Any]], *, tolerance_s: float) -> list[str]:
    """Return what is wrong with one citizen's call; nothing, when all is right.

    :param rows: all calls of his number in the journal.
    :param tolerance_s: by how much waiting and talking may differ from what he and the operator saw.
    """
    faults = _own(citizen)
    if len(rows) != 1:
        return [*faults, f"in the journal {len(rows)} times instead of once"]
    row = rows[0]
    if row["ended_at"] is None:
        return [*faults, "the journal does not know the end of the call"]
    if citizen.key and row["key"] != citizen.key:
        faults.append(f"the journal calls it {row['key']}, the operator's telephone {citizen.key}")
    wanted = OUTCOMES.get(citizen.fate)
    if wanted is not None and row["outcome"] not in wanted:
        faults.append(f"outcome {row['outcome']} instead of {' or '.join(sorted(wanted))}")
    if citizen.fate is Fate.ANSWERED:
        faults += _times(citizen, row, tolerance_s)
        faults += [] if row["recorded"] else ["no recording"]
        faults += [] if row["operator"] else ["the journal does not know the operator"]
    return faults


def judge_recording(citizen: Citizen, recorded: Recorded) -> list[str]:
    """Return what is missing in the recording of an answered call."""
    if citizen.talked_s is None:
        return []
    edges = EDGE_S * (2 if citizen.away_s else 1)
    expected = (citizen.talked_s - citizen.away_s) * COVERAGE - edges
    if recorded.both_s >= expected:
        return []
    return [f"both voices in {recorded.both_s:.2f} s of the recording, expected {expected:.2f} s"]


def _own(citizen: Citizen) -> list[str]:
    """What the citizen and the operator noticed themselves."""
    faults = []
    if citizen.fate is Fate.DROPPED:
        faults.append(f"the hotline hung up on him: {citizen.errors[-300:] or 'BYE'}")
    if citizen.fate is Fate.STRANDED:
        faults.append("his call did not end with the conversation")
    if citizen.fate is Fate.ANSWERED and citizen.heard_s is None:
        faults.append("the operator did not hear him")
    return faults


def _times(citizen: Citizen, row: Mapping[str, Any], tolerance_s: float) -> list[str]:
    faults = []
    started, answered = (
        datetime.fromisoformat(row[name]) if row[name] else None for name in ("started_at", "answered_at")
    )
    if started is None or answered is None:
        return ["the journal does not know when it was answered"]
    pairs = (
        ("waiting", (answered - started).total_seconds(), citizen.waited_s),
        ("talking", row["talk_s"], citizen.talked_s),
    )
    for name, stored, own in pairs:
        if own is not None and abs(stored - own) > tolerance_s:
            faults.append(f"{name}: {stored:.1f} s in the journal, {own:.1f} s in fact")
    return faults


def percentile(values: Sequence[float], part: float) -> float | None:
    """Return the nearest-rank percentile (``part`` 0 to 1) of the values; ``None`` when there are none."""
    if not values:
        return None
    ranked = sorted(values)
    return ranked[max(math.ceil(part * len(ranked)), 1) - 1]
