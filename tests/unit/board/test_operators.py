"""A line of the operators' grid, and what of the board marks it as changed (DAY-34, DAY-36, DAY-16)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hotline.board.figures import DayBook
from hotline.board.live import LiveBoard
from hotline.board.model import Scope
from hotline.board.operators import Person
from hotline.cti.model import Call, Direction, Phase, QueueChanged
from hotline.queue.model import CallPart, Operator, OperatorState, PauseReason
from hotline.softphone.quality_rules import Alarm, QualityChanged, Report

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
DAY = datetime(2026, 11, 19, 21, 0, tzinfo=UTC)
ANNA = Person(1, "Аннина А. П.", "101", 7, "ТФОМС", ("op1",))
BORIS = Person(2, "Борисов Б. Б.", "102", 8, "СМО", ("sp1",))
CALL = Call(
    "k", "pbx1", Direction.IN, Phase.TALKING, "+79280001122", "8800", NOW, queue="hotline", queued_at=NOW,
    answered_at=NOW, operator="101",
)  # fmt: skip
TALKS = Operator(1, "101", NOW, OperatorState.TALKING, queues=("hotline",), calls=(("k", CallPart.TALKING),))
ALL = Scope(None)


def board() -> LiveBoard:
    live = LiveBoard(DayBook(DAY, DAY + timedelta(days=1)), ("hotline",), home=7)
    live.set_people([ANNA, BORIS])
    live.take_changes()
    return live


def report(mos_loss: int, alarm: Alarm | None = None) -> Report:
    return Report("leg", 100 - mos_loss, mos_loss, 2.0, 20.0, alarm)


def test_a_citizens_number_is_shown_by_its_end_only() -> None:
    """DAY-29, DAY-34: with whom somebody talks can be told apart, and is not given away."""
    live = board()
    live.set_call(CALL)
    live.set_operator(TALKS)
    (line,) = live.take_changes().operators
    assert (line.party, line.call_queue, line.state) == ("••••1122", "hotline", OperatorState.TALKING)
    live.set_call(replace(CALL, phase=Phase.ENDED, ended_at=NOW))
    live.set_operator(replace(TALKS, state=OperatorState.WRAP_UP, calls=(), last_call="k"))
    (line,) = live.take_changes().operators
    assert (line.party, line.call_key) == ("", None)


def test_a_pause_becomes_amber_before_its_limit_and_red_at_it() -> None:
    """DAY-36."""
    live = board()
    live.reasons = {"P02": PauseReason("P02", "Обед", timedelta(minutes=30))}
    pause = Operator(1, "101", NOW, OperatorState.PAUSE, reason="P02", limit_at=NOW + timedelta(minutes=30))
    live.set_operator(pause)
    (line,) = live.take_changes().operators
    assert (line.reason, line.near_at, line.over) == ("Обед", NOW + timedelta(minutes=24), False)
    live.set_operator(replace(pause, over_limit=True))
    assert live.take_changes().operators[0].over


def test_only_rows_that_look_different_are_told() -> None:
    """DAY-34: a thousand operators, four times a second: what nobody would see is not sent."""
    live = board()
    live.set_call(CALL)
    live.set_operator(TALKS)
    live.set_sound(QualityChanged("101", 1, "k", NOW, report(0)))
    assert [one.user_id for one in live.take_changes().operators] == [1]
    live.set_sound(QualityChanged("101", 1, "k", NOW + timedelta(seconds=2), report(0)))
    live.set_operator(TALKS)
    live.set_waiting(QueueChanged("pbx1", "hotline", 0, None, NOW))
    assert live.take_changes().nothing
    live.set_sound(QualityChanged("101", 1, "k", NOW + timedelta(seconds=4), report(0, Alarm.NOTHING_RECEIVED)))
    (line,) = live.take_changes().operators
    assert line.alarm is Alarm.NOTHING_RECEIVED


def test_the_queue_of_line_checks_is_no_queue_of_citizens() -> None:
    live = board()
    for queue in ("line-check", "second"):
        live.set_waiting(QueueChanged("pbx1", queue, 1, NOW, NOW))
    assert [one.queue for one in live.queues(ALL)] == ["hotline", "second"]


def test_a_report_grows_old() -> None:
    """A browser that is gone says nothing: its last figure must not stand for ever."""
    live = board()
    live.set_call(CALL)
    live.set_operator(TALKS)
    live.set_sound(QualityChanged("101", 1, "k", NOW, report(0)))
    assert live.take_changes().operators[0].mos is not None
    live.forget_sounds(NOW + timedelta(seconds=1))
    assert live.take_changes().operators[0].mos is None


def test_each_organisation_sees_its_own() -> None:
    """Domain 2.8: a supervisor of another organisation sees neither our queue nor our operators."""
    live = board()
    live.set_operator(TALKS)
    assert [one.user_id for one in live.operators(Scope(8))] == [2]
    assert live.queues(Scope(8)) == ()
    assert live.slots(Scope(8)) == {}
    assert [one.queue for one in live.queues(Scope(7))] == ["hotline"]
    assert len(live.operators(ALL)) == 2


def test_who_left_the_list_is_gone_and_a_colleague_comes_in() -> None:
    """An account that is switched off stands on no board."""
    live = board()
    live.set_people([replace(ANNA, roles=("op1", "op2"))])
    changes = live.take_changes()
    assert [one.user_id for one in changes.gone] == [2]
    assert [one.user_id for one in changes.operators] == [1]


def test_queues_count_who_works_in_them() -> None:
    """DAY-34: free of those at work, by queue."""
    live = board()
    live.set_operator(TALKS)
    live.set_operator(Operator(2, "102", NOW, OperatorState.READY, queues=("hotline", "other")))
    (figures,) = live.take_changes().queues
    assert (figures.queue, figures.ready, figures.at_work) == ("hotline", 1, 2)


def test_a_hole_in_the_stream_is_mended_by_what_goes_on() -> None:
    """After an overflow: calls that are not there any more do not stay at an operator."""
    live = board()
    live.set_call(CALL)
    live.set_operator(TALKS)
    live.take_changes()
    live.set_calls([])
    assert live.take_changes().operators[0].party == ""
