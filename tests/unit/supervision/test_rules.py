"""DAY-15: every move of a supervisor's session in every stage, what is kept of it, and when the operator is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hotline.supervision.model import RIGHT, Ended, Session, Stage, Telling, Wish
from hotline.supervision.rules import Again, Happening, IllegalSupervision, On, Over, is_told, step

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=12)


def session(stage: Stage = Stage.RINGING) -> Session:
    fresh = Session(
        1, 42, "301", 7, "101", "pbx1", "pbx1-1.1", "pbx1-2.81", Wish.LISTEN, NOW, "адаптация новичка", Stage.RINGING
    )
    if stage is Stage.RINGING:
        return fresh
    on = step(fresh, On(stage if stage is not Stage.OVER else Stage.LISTEN), NOW)
    return step(on, Over(Ended.HUNG_UP), NOW) if stage is Stage.OVER else on


EVENTS: dict[str, Happening] = {
    "listen": On(Stage.LISTEN),
    "whisper": On(Stage.WHISPER),
    "barge": On(Stage.BARGE),
    "over": Over(Ended.ASKED),
    "again": Again(Wish.LISTEN, "pbx1-3.81"),
}
LEGAL = {
    Stage.RINGING: {"listen", "whisper", "barge", "over"},
    Stage.LISTEN: {"listen", "whisper", "barge", "over"},
    Stage.WHISPER: {"listen", "whisper", "barge", "over"},
    Stage.BARGE: {"barge", "over", "again"},
    Stage.OVER: set(),
}


@pytest.mark.parametrize("stage", list(Stage))
@pytest.mark.parametrize("name", list(EVENTS))
def test_every_move_in_every_stage(stage: Stage, name: str) -> None:
    before = session(stage)
    if name in LEGAL[stage]:
        assert step(before, EVENTS[name], LATER).stage in set(Stage)
        return
    with pytest.raises(IllegalSupervision):
        step(before, EVENTS[name], LATER)


@pytest.mark.parametrize("event", [On(Stage.RINGING), On(Stage.OVER)], ids=["ringing", "over"])
def test_nobody_takes_part_by_a_stage_that_is_none(event: On) -> None:
    with pytest.raises(IllegalSupervision):
        step(session(), event, NOW)


def test_the_seconds_of_each_mode_are_kept() -> None:
    one = step(session(), On(Stage.LISTEN), NOW)
    one = step(one, On(Stage.WHISPER), NOW + timedelta(seconds=10))
    one = step(one, On(Stage.LISTEN), NOW + timedelta(seconds=14))
    one = step(one, On(Stage.LISTEN), NOW + timedelta(seconds=15))  # said twice
    one = step(one, On(Stage.BARGE), NOW + timedelta(seconds=20))
    one = step(one, Over(Ended.TAKEN), NOW + timedelta(seconds=21.5))
    assert one.seconds(NOW + timedelta(hours=1)) == {"listen": 16.0, "whisper": 4.0, "barge": 1.5}
    assert (one.ended, one.ended_at) == (Ended.TAKEN, NOW + timedelta(seconds=21.5))


def test_going_back_from_a_talk_of_three_rings_anew_by_another_channel() -> None:
    one = step(session(Stage.BARGE), Again(Wish.WHISPER, "pbx1-3.81"), LATER)
    assert (one.stage, one.wish, one.channel) == (Stage.RINGING, Wish.WHISPER, "pbx1-3.81")
    assert one.seconds(LATER + timedelta(minutes=1)) == {"barge": 12.0}, "the ring is no talk"


@pytest.mark.parametrize("stage", list(Stage))
@pytest.mark.parametrize("telling", list(Telling))
def test_the_operator_is_told_by_setting(stage: Stage, telling: Telling) -> None:
    heard = stage in {Stage.WHISPER, Stage.BARGE}
    wanted = {
        Telling.NEVER: False,
        Telling.VOICE: heard,
        Telling.ALWAYS: heard or stage is Stage.LISTEN,
    }[telling]
    assert is_told(session(stage), telling) is wanted


def test_a_clock_that_was_set_back_makes_no_negative_time() -> None:
    one = step(session(Stage.LISTEN), Over(Ended.HUNG_UP), NOW - timedelta(seconds=5))
    assert one.seconds(NOW) == {"listen": 0.0}


def test_each_wish_has_a_right_of_its_own() -> None:
    assert set(RIGHT) == set(Wish)
    assert len(set(RIGHT.values())) == len(Wish)
    assert replace(session(), wish=Wish.TAKE).wish is Wish.TAKE
