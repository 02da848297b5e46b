"""R-09: the parts of a call are the same whatever reports of it came, and in which order (a restart in its middle)."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest

from hotline.cti.model import Call, EndSource, Segment, SegmentKind, SegmentResult, Span
from hotline.journal.callmerge import merge
from hotline.journal.segment_store import hold_s
from tests.unit.journal.test_callmerge import ENDED, QUEUED, TALKING, at

WAIT = Segment(SegmentKind.WAIT, at(5.4), at(10), "hotline", "101", None, SegmentResult.ANSWERED)
TALK = Segment(SegmentKind.TALK, at(10), at(60), "hotline", "101")
BEFORE = replace(QUEUED, segments=(Segment(SegmentKind.WAIT, at(5.4), queue="hotline"),))
AFTER = replace(TALKING, segments=(Segment(SegmentKind.TALK, at(10), queue="hotline", extension="101"),))
LIVE_END = replace(ENDED, segments=(TALK,))
LOG = replace(ENDED, end_source=EndSource.LOG, segments=(replace(WAIT, started_at=at(5)), TALK))


@pytest.mark.parametrize("order", list(itertools.permutations((BEFORE, AFTER, LIVE_END))))
def test_restart_between_the_wait_and_the_talk(order: tuple[Call, ...]) -> None:
    merged = order[0]
    for report in order[1:]:
        merged = merge(merged, report)
    assert merged.segments == (WAIT, TALK)


@pytest.mark.parametrize("order", list(itertools.permutations((BEFORE, LIVE_END, LOG))))
def test_log_is_whole_and_what_was_seen_makes_its_seconds_finer(order: tuple[Call, ...]) -> None:
    merged = order[0]
    for report in order[1:]:
        merged = merge(merged, report)
    assert merged.segments == (WAIT, TALK)


def test_a_wait_of_another_second_stays_what_the_log_says() -> None:
    other = replace(BEFORE, segments=(replace(BEFORE.segments[0], started_at=at(6)),))
    assert merge(LOG, other).segments == LOG.segments


def test_part_that_two_services_saw_is_one() -> None:
    first = replace(AFTER, segments=(replace(TALK, ended_at=None),))
    second = replace(ENDED, segments=(replace(TALK, started_at=TALK.started_at + timedelta(seconds=20)),))
    assert merge(first, second).segments == (TALK,)


@pytest.mark.parametrize(
    ("holds", "seconds"),
    [
        ([Span(at(20), at(30))], 10),
        ([Span(at(20), at(30)), Span(at(20.003), at(29.998))], 10),  # an event and its line in the log
        ([Span(at(20), None), Span(at(20.003), at(30))], 10),  # the service was killed in it
        ([Span(at(20), None), Span(at(25), at(30)), Span(at(20.003), at(30))], 10),  # … and the next one found it
        ([Span(at(5), at(12)), Span(at(55), at(80))], 7),  # only what lies in the talk
    ],
)
def test_each_second_on_hold_counts_once(holds: list[Span], seconds: float) -> None:
    assert hold_s(TALK, holds, at(90)) == pytest.approx(seconds, abs=0.01)
