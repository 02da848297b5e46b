"""R-09: the parts of a call that statistics count, from live events and from Asterisk's logs alike."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from hotline.cti import history
from hotline.cti.model import Call, SegmentKind
from tests.unit.cti.captured import fold, last_call
from tests.unit.cti.test_history import CAPTURED, read


def parts(call: Call) -> list[str]:
    """Write the parts as ``kind who result``."""
    return [
        " ".join(filter(None, (one.kind, one.queue if one.kind is SegmentKind.WAIT else one.extension, one.result)))
        for one in call.segments
    ]


EXPECTED = {
    "citizen_hangs_up": ["wait hotline answered", "talk 101"],
    "operator_hangs_up": ["wait hotline answered", "talk 101"],
    "abandon": ["wait hotline abandoned"],
    "refused": ["wait hotline abandoned"],
    "consult_complete": ["wait hotline answered", "talk 101", "consult 102 done", "talk 102"],
    "consult_refused": ["wait hotline answered", "talk 101", "consult 102 refused"],
    "consult_cancelled": ["wait hotline answered", "talk 101", "consult 102 cancelled"],
    "internal": ["talk 101"],
    "outgoing_answered": ["talk 101"],
    "outgoing_busy": [],
    "service_hangup": ["wait hotline answered", "talk 101"],
}


@pytest.mark.parametrize("scenario", EXPECTED)
def test_parts_seen_live(scenario: str) -> None:
    assert parts(last_call(fold(scenario)).call) == EXPECTED[scenario]


@pytest.mark.parametrize("scenario", CAPTURED)
def test_log_tells_the_same_parts(scenario: str) -> None:
    live = last_call(fold(scenario)).call
    rows, joins = read(CAPTURED[scenario])
    (rebuilt,) = history.rebuild("pbx1", rows[live.key], joins[live.key])
    assert parts(rebuilt) == parts(live)
    for one, other in zip(rebuilt.segments, live.segments, strict=True):
        assert abs(one.started_at - other.started_at) < timedelta(seconds=1)
        assert one.ended_at is not None
        assert other.ended_at is not None
        assert abs(one.ended_at - other.ended_at) < timedelta(seconds=1)
        assert (one.by, one.again) == (other.by, other.again)


@pytest.mark.parametrize("scenario", CAPTURED)
def test_waits_and_talks_never_overlap(scenario: str) -> None:
    call = last_call(fold(scenario)).call
    line = [one for one in call.segments if one.kind in {SegmentKind.WAIT, SegmentKind.TALK}]
    for one, other in itertools.pairwise(line):
        assert one.ended_at is not None
        assert one.ended_at <= other.started_at
