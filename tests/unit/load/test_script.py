"""Scripts are read strictly, and a seed always makes the same day."""

from __future__ import annotations

import statistics

import pytest

from hotline.errors import BadInput
from hotline.load.script import Arrival, Duration, End, Script, Shape, parse, preset, presets, timetable


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[citizens", "TOML"),
        ("[citizen]\n", "citizen"),
        ("[citizens]\narrival = 'never'\n", "$.citizens.arrival"),
        ("[citizens]\nper_minute = 0\n", "$.citizens.per_minute"),
        ("[operators]\nhold = 1.5\n", "$.operators.hold"),
        ("[operators]\ntalk = { mean_s = -1 }\n", "$.operators.talk.mean_s"),
        ("[operators]\ntalk = { mean = 3 }\n", "mean"),
    ],
)
def test_a_bad_script_names_what_is_wrong(text: str, named: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(text)
    assert named in caught.value.message


def test_an_empty_script_is_the_default() -> None:
    assert parse("") == Script()


@pytest.mark.parametrize("name", presets())
def test_every_preset_can_be_read(name: str) -> None:
    assert preset(name).name == name


def test_an_unknown_preset_lists_the_known_ones() -> None:
    with pytest.raises(BadInput, match="smoke"):
        preset("nothing")


def test_the_same_seed_makes_the_same_day_and_another_one_another() -> None:
    script = preset("mixed")
    assert timetable(script, 30, seed=7) == timetable(script, 30, seed=7)
    assert timetable(script, 30, seed=7) != timetable(script, 30, seed=8)


def test_one_probability_does_not_change_the_rest_of_the_day() -> None:
    one = timetable(parse("[operators]\nhold = 0.0"), 50, seed=1)
    other = timetable(parse("[operators]\nhold = 1.0"), 50, seed=1)
    assert [plan.arrives_s for plan in one] == [plan.arrives_s for plan in other]
    assert [plan.talk_s + 5 for plan in one] == pytest.approx(
        [plan.talk_s for plan in other]
    )  # 2 s held, 3 s around it
    assert all(plan.hold_s for plan in other)
    assert not any(plan.hold_s for plan in one)


def test_speed_shortens_everything_but_not_below_what_can_be_heard() -> None:
    script = parse("[citizens]\narrival = 'even'\nper_minute = 60\n[operators]\ntalk = { mean_s = 10 }")
    slow, fast = timetable(script, 3, seed=1), timetable(script, 3, seed=1, speed=10)
    assert [plan.arrives_s for plan in slow] == [1, 2, 3]
    assert [plan.arrives_s for plan in fast] == pytest.approx([0.1, 0.2, 0.3])
    assert {plan.talk_s for plan in fast} == {1.5}


def test_the_greeting_is_as_long_at_any_speed_and_nobody_loses_his_patience_in_it() -> None:
    script = parse("[citizens]\npatience = { mean_s = 60 }")
    plans = timetable(script, 3, seed=1, speed=10, greeting_s=12)
    assert [plan.patience_s for plan in plans] == [18, 18, 18]


def test_citizens_have_numbers_of_their_own() -> None:
    numbers = [plan.caller for plan in timetable(Script(), 1000, seed=1)]
    assert len(set(numbers)) == 1000
    assert {len(number) for number in numbers} == {11}
    with pytest.raises(BadInput):
        timetable(Script(), 1000, seed=1, prefix="792800000")


@pytest.mark.parametrize(("arrival", "most_s"), [(Arrival.BURST, 1.0), (Arrival.EVEN, 100.0), (Arrival.POISSON, 150.0)])
def test_citizens_arrive_in_order(arrival: Arrival, most_s: float) -> None:
    script = parse(f"[citizens]\narrival = '{arrival}'\nper_minute = 60")
    arrivals = [plan.arrives_s for plan in timetable(script, 100, seed=3)]
    assert arrivals == sorted(arrivals)
    assert arrivals[-1] <= most_s + 0.001


@pytest.mark.parametrize("shape", list(Shape))
def test_durations_have_their_mean_and_keep_their_limits(shape: Shape) -> None:
    operators = f"talk = {{ shape = '{shape}', mean_s = 60, spread_s = 20, min_s = 5, max_s = 400 }}"
    talks = [plan.talk_s for plan in timetable(parse(f"[operators]\n{operators}"), 3000, seed=5)]
    assert statistics.fmean(talks) == pytest.approx(60, rel=0.1)
    assert min(talks) >= 5
    assert max(talks) <= 400


def test_who_hangs_up_is_drawn() -> None:
    ends = [plan.ends for plan in timetable(parse("[citizens]\nhang_up_first = 0.25"), 2000, seed=2)]
    assert ends.count(End.CITIZEN) / 2000 == pytest.approx(0.25, abs=0.04)


def test_a_fixed_duration_is_fixed() -> None:
    assert Duration(mean_s=3).shape is Shape.FIXED
