"""Reports of one call in any order give one result (S002-01)."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hotline.cti.model import Call, Direction, EndedBy, EndSource, Leg, LegRole, Outcome, Phase, Span
from hotline.journal.callmerge import merge

START = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


STARTED = Call(
    "pbx1-1.1",
    "pbx1",
    Direction.IN,
    Phase.STARTED,
    "+79161234567",
    "88001000000",
    START,
    legs=(Leg("pbx1-1.1", "PJSIP/trunk-1", LegRole.CALLER, None, START),),
)
QUEUED = replace(STARTED, phase=Phase.QUEUED, queue="hotline", queued_at=at(5))
RINGING = replace(
    QUEUED,
    phase=Phase.RINGING,
    offered_at=at(6),
    ringing=("101",),
    legs=(*QUEUED.legs, Leg("pbx1-1.2", "PJSIP/101-2", LegRole.AGENT, "101", at(6))),
)
TALKING = replace(
    RINGING,
    phase=Phase.TALKING,
    answered_at=at(10),
    operator="101",
    ringing=(),
    recorded=True,
    legs=(RINGING.legs[0], replace(RINGING.legs[1], answered_at=at(10))),
)
HELD = replace(TALKING, phase=Phase.HELD, holds=(Span(at(20)),))
RESUMED = replace(TALKING, holds=(Span(at(20), at(30)),))
ENDED = replace(
    RESUMED,
    phase=Phase.ENDED,
    ended_at=at(60),
    outcome=Outcome.ANSWERED,
    ended_by=EndedBy.CALLER,
    end_source=EndSource.AMI,
    legs=tuple(replace(leg, ended_at=at(60), cause=16) for leg in TALKING.legs),
)
LIFE = (STARTED, QUEUED, RINGING, TALKING, HELD, RESUMED, ENDED)


@pytest.mark.parametrize("order", list(itertools.permutations(range(len(LIFE)), 3)))
def test_the_latest_report_wins_in_any_order(order: tuple[int, ...]) -> None:
    reports = [LIFE[place] for place in order]
    merged = reports[0]
    for report in reports[1:]:
        merged = merge(merged, report)
    assert merged == LIFE[max(order)]


@pytest.mark.parametrize("report", LIFE)
def test_the_same_report_twice_changes_nothing(report: Call) -> None:
    assert merge(report, report) == report


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(LIFE, 2)))
def test_either_way_round(one: Call, other: Call) -> None:
    assert merge(one, other) == merge(other, one)


def test_an_end_is_never_undone() -> None:
    assert merge(ENDED, TALKING).phase is Phase.ENDED
    assert merge(TALKING, ENDED).ended_at == at(60)


def test_the_log_corrects_an_end_that_a_snapshot_had_guessed() -> None:
    guessed = replace(TALKING, phase=Phase.ENDED, ended_at=at(300), end_source=EndSource.RESYNC, outcome=None)
    logged = replace(
        STARTED,
        phase=Phase.ENDED,
        ended_at=at(61),
        end_source=EndSource.LOG,
        outcome=Outcome.ANSWERED,
        ended_by=EndedBy.AGENT,
    )
    for merged in (merge(guessed, logged), merge(logged, guessed)):
        assert merged.ended_at == at(61)
        assert merged.end_source is EndSource.LOG
        assert merged.ended_by is EndedBy.AGENT
        # What the log does not know is kept.
        assert merged.operator == "101"
        assert merged.queued_at == at(5)
        assert merged.recorded
        assert len(merged.legs) == 2


def test_what_was_seen_live_is_better_than_a_guess() -> None:
    guessed = replace(ENDED, ended_at=at(300), end_source=EndSource.RESTART, outcome=Outcome.FAILED)
    merged = merge(guessed, ENDED)
    assert (merged.ended_at, merged.outcome) == (at(60), Outcome.ANSWERED)


def test_different_calls_are_not_merged() -> None:
    with pytest.raises(ValueError, match="cannot be merged"):
        merge(STARTED, replace(STARTED, key="pbx1-2.1"))


def test_a_hold_that_was_seen_from_its_middle_is_no_second_hold() -> None:
    """The service died on hold; the new one found the citizen holding. The log knows the whole of it."""
    found = replace(ENDED, holds=(Span(at(25), at(30)),), end_source=EndSource.AMI)
    logged = replace(ENDED, holds=(Span(at(20), at(30)), Span(at(40), at(45))), end_source=EndSource.LOG)
    assert merge(found, logged).holds == merge(logged, found).holds == logged.holds
    assert merge(merge(HELD, found), logged).hold_s(at(60)) == 15


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_a_hold_whose_end_nobody_saw_is_told_by_the_log_alone(order: tuple[int, ...]) -> None:
    """S002-01: killed on hold; resumed while the service was dead; held again. The log's clock is not AMI's.

    Without the cure the hold that the dead service saw begin lasted to the end of the call, beside the log's.
    """
    seen = replace(HELD, holds=(Span(at(20.0003)),))
    found = replace(TALKING, holds=(Span(at(40.0002)),), phase=Phase.HELD)
    ended = replace(ENDED, holds=(Span(at(40.0002), at(45.0001)),))
    logged = replace(ENDED, holds=(Span(at(20), at(22)), Span(at(40), at(45))), end_source=EndSource.LOG)
    reports = [(seen, found, ended, logged)[place] for place in order]
    merged = reports[0]
    for report in reports[1:]:
        merged = merge(merged, report)
    assert merged.hold_s(at(60)) == pytest.approx(7, abs=0.01)
    assert [span.ended_at is not None for span in merged.holds] == [True, True]
    assert merge(seen, ended).hold_s(at(60)) == pytest.approx(5, abs=0.01)  # until the log is read
