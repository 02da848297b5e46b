"""Log files of the real Asterisk → calls; they must say the same as the live events of the same conversations."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

import pytest

from hotline.cti import cel, history, queue_log
from hotline.cti.model import Call, Direction, EndedBy, EndSource, LegRole, Outcome
from hotline.errors import BadInput
from tests.unit.cti.captured import DATA, fold, last_call

Rows = dict[str, list[cel.CelRow]]
Joins = dict[str, list[queue_log.QueueLogRow]]


def read(suffix: str) -> tuple[Rows, Joins]:
    rows: Rows = defaultdict(list)
    joins: Joins = defaultdict(list)
    for line in (DATA / f"events{suffix}.csv").read_text().splitlines():
        row = cel.parse_line(line)
        rows[row.linkedid].append(row)
    for line in (DATA / f"queue_log{suffix}").read_text().splitlines():
        entry = queue_log.parse_line(line)
        joins[entry.call_id].append(entry)
    return rows, joins


# Scenario → the suffix of its log files.
CAPTURED = {
    "citizen_hangs_up": "",
    "operator_hangs_up": "",
    "abandon": "",
    "refused": "",
    "consult_complete": "",
    "consult_refused": "",
    "consult_cancelled": "",
    "internal": "",
    "operator_leg_dies": "3",
    "service_hangup": "3",
    "outgoing_answered": "3",
    "outgoing_busy": "3",
}


def both(scenario: str) -> tuple[Call, Call]:
    """Return a conversation as seen live and as rebuilt from the logs."""
    live = last_call(fold(scenario)).call
    rows, joins = read(CAPTURED[scenario])
    (rebuilt,) = history.rebuild("pbx1", rows[live.key], joins[live.key])
    return live, rebuilt


@pytest.mark.parametrize("scenario", CAPTURED)
def test_log_tells_what_the_events_told(scenario: str) -> None:
    live, rebuilt = both(scenario)
    for field in ("key", "direction", "caller", "dialled", "queue", "operator", "outcome", "ended_by"):
        assert getattr(rebuilt, field) == getattr(live, field), field
    assert rebuilt.end_source is EndSource.LOG
    assert [(leg.uniqueid, leg.role) for leg in rebuilt.legs] == [(leg.uniqueid, leg.role) for leg in live.legs]


@pytest.mark.parametrize("scenario", CAPTURED)
def test_log_has_the_same_moments(scenario: str) -> None:
    live, rebuilt = both(scenario)
    for field in ("started_at", "queued_at", "answered_at", "ended_at"):
        one, other = getattr(live, field), getattr(rebuilt, field)
        assert (one is None) == (other is None), field
        if one is not None:
            assert abs(one - other) < timedelta(milliseconds=50), field
    assert len(rebuilt.holds) == len(live.holds)


@pytest.mark.parametrize("scenario", CAPTURED)
def test_log_is_complete(scenario: str) -> None:
    live = last_call(fold(scenario)).call
    rows, _ = read(CAPTURED[scenario])
    assert history.is_complete(rows[live.key], live.key)
    assert not history.is_complete(rows[live.key][:-1], live.key)


def test_killed_asterisk_leaves_a_call_that_is_closed_at_the_restart() -> None:
    live = last_call(fold("citizen_hangs_up")).call
    rows, joins = read("")
    talking = [row for row in rows[live.key] if row.kind in {"CHAN_START", "USER_DEFINED", "ANSWER", "BRIDGE_ENTER"}]
    restart = talking[-1].at + timedelta(minutes=3)
    (call,) = history.rebuild("pbx1", talking, joins[live.key], cut_at=restart)
    assert (call.outcome, call.ended_by, call.end_source) == (Outcome.ANSWERED, EndedBy.SYSTEM, EndSource.RESTART)
    assert call.ended_at == restart
    assert call.talk_s(restart) == pytest.approx(180, abs=0.1)


def test_a_citizen_who_leaves_in_the_second_of_his_joining_was_in_the_queue() -> None:
    """queue_log knows whole seconds only: his hang-up stands in the second of ENTERQUEUE, and nobody was rung yet."""
    live = last_call(fold("abandon")).call
    rows, joins = read("")
    alone = [row for row in rows[live.key] if row.uniqueid == live.key]
    (rebuilt,) = history.rebuild("pbx1", alone, joins[live.key])
    assert (rebuilt.queue, rebuilt.outcome) == (live.queue, Outcome.ABANDONED_QUEUE)
    assert rebuilt.queued_at is not None
    assert rebuilt.ended_at is not None
    assert rebuilt.queued_at < rebuilt.ended_at


def test_consultant_is_told_from_an_operator() -> None:
    _, rebuilt = both("consult_refused")
    assert [leg.role for leg in rebuilt.legs] == [LegRole.CALLER, LegRole.AGENT, LegRole.CONSULT]


def test_echo_test_is_no_call() -> None:
    rows, _ = read("3")
    echo = next(key for key, mine in rows.items() if any(row.exten == "*43" for row in mine))
    assert history.rebuild("pbx1", rows[echo], []) == []
    assert history.rebuild("pbx1", [], []) == []


def test_outgoing_call() -> None:
    _, rebuilt = both("outgoing_answered")
    assert (rebuilt.direction, rebuilt.dialled, rebuilt.caller) == (Direction.OUT, "79280001122", "101")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "a,b",
        '"x","CHAN_START","","u","l","c","","","","","","","",""',
        '"1.5","CHAN_START","","u","l","c","","","","","","","","{broken"',
        '"1.5","CHAN_START","","u","l","c","","","","","","","","[1]"',
        '"1.5","CHAN_START","","u","","c","","","","","","","",""',
        '"1.5","CHAN_START","","u","' + "l" * 200 + '","c","","","","","","","",""',
        '"1e99","CHAN_START","","u","l","c","","","","","","","",""',
        '"1.5","unclosed',
    ],
)
def test_broken_cel_line_is_refused(line: str) -> None:
    with pytest.raises(BadInput):
        cel.parse_line(line)


def test_cel_line_with_a_quote_a_comma_and_cyrillic() -> None:
    line = '"1.25","USER_DEFINED","X","u","l","PJSIP/1","7","Иван ""Б"", мл.","","","","","","{""extra"":""а,б""}"'
    row = cel.parse_line(line)
    assert row.extra == {"extra": "а,б"}
    assert row.at.timestamp() == 1.25


@pytest.mark.parametrize(
    "line", ["", "1|2|3", "x|a|q|1|ENTERQUEUE|", "9" * 30 + "|a|q|1|X", "1|" + "a" * 99 + "|q|1|X"]
)
def test_broken_queue_log_line_is_refused(line: str) -> None:
    with pytest.raises(BadInput):
        queue_log.parse_line(line)


def test_columns_are_those_that_asterisk_is_told_to_write() -> None:
    from hotline.stand.rendering import CEL_FIELDS  # noqa: PLC0415 - the stand is no part of this package

    assert cel.COLUMNS == CEL_FIELDS
