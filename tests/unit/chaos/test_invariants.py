"""Each promise of ``make chaos`` (issue 6) can be seen broken: one row a way of breaking it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.chaos.facts import Allowed, By, Citizen, Draft, Facts, Operator, Recording
from tests.chaos.invariants import judge
from tests.chaos.report import Outcome, as_json, table

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
HELD = Citizen("1", NOW, answered=True, by=By.CITIZEN, ended_at=NOW + timedelta(seconds=90))
GOOD = Facts(
    fault="service-killed",
    calls=1,
    released_at=NOW + timedelta(seconds=80),
    citizens=(HELD,),
    newcomers=1,
    newcomers_served=1,
    equal_after_s=4.0,
    journal_calls=1,
    operators=(Operator("110", "ready", 1.0),),
    drafts=(Draft("полис", "полис"),),
    recordings=(Recording("pbx1-1.1", 100.0, 99.5),),
)
EARLY = NOW + timedelta(seconds=40)


def rules(facts: Facts) -> set[str]:
    return {found.rule for found in judge(facts)}


def test_all_is_well() -> None:
    assert judge(GOOD) == []


@pytest.mark.parametrize(
    ("rule", "broken"),
    [
        ("nobody_hung_up", replace(GOOD, citizens=(replace(HELD, by=By.HOTLINE, ended_at=EARLY),))),
        (
            "nobody_hung_up",
            replace(GOOD, citizens=(replace(HELD, answered=False, by=By.REFUSED, why="503"),), journal_calls=0),
        ),
        ("nobody_hung_up", replace(GOOD, unended=1)),
        ("newcomers_served", replace(GOOD, newcomers=2)),
        ("journal_equals_cel", replace(GOOD, equal_after_s=31.0)),
        ("journal_equals_cel", replace(GOOD, equal_after_s=None, differences=("pbx1-1.1: ended",))),
        ("journal_equals_cel", replace(GOOD, equal_at_end=False)),
        ("journal_equals_cel", replace(GOOD, journal_calls=0)),
        ("journal_equals_cel", replace(GOOD, journal_calls=2)),
        ("journal_equals_cel", replace(GOOD, allowed=Allowed(no_logs=True), journal_calls=0)),
        ("nobody_stuck", replace(GOOD, operators=(Operator("110", "talking", None),))),
        ("nobody_stuck", replace(GOOD, operators=(Operator("110", "ready", 31.0),))),
        ("nobody_stuck", replace(GOOD, channels_left=("PJSIP/trunk-1",))),
        ("no_letter_lost", replace(GOOD, drafts=(Draft("полис", "поли"),))),
        ("no_letter_lost", replace(GOOD, drafts=(Draft("полис", "по", fresh=2),))),
        ("recorded", replace(GOOD, recordings=(Recording("pbx1-1.1", 100.0, 98.9),))),
        ("recorded", replace(GOOD, recordings=())),
    ],
)
def test_a_broken_promise_is_seen(rule: str, broken: Facts) -> None:
    assert rules(broken) == {rule}


@pytest.mark.parametrize(
    ("why", "facts"),
    [
        ("ended on purpose", replace(GOOD, citizens=(replace(HELD, by=By.HOTLINE),))),
        (
            "Asterisk's own death",
            replace(GOOD, citizens=(replace(HELD, by=By.NOBODY, ended_at=None),), allowed=Allowed(asterisk_dies=True)),
        ),
        (
            "a full disk takes no sound",
            replace(GOOD, recordings=(Recording("1", 100, 60),), allowed=Allowed(nothing_recorded=True)),
        ),
        ("letters of the last two seconds", replace(GOOD, drafts=(Draft("полис", "пол", fresh=2),))),
        ("a full disk takes no CEL", replace(GOOD, equal_after_s=None, allowed=Allowed(no_logs=True))),
    ],
)
def test_what_a_fault_takes_by_its_nature_is_no_violation(why: str, facts: Facts) -> None:
    assert judge(facts) == [], why


def test_asterisks_death_excuses_no_goodbye() -> None:
    """A citizen who is sent BYE was hung up by somebody, whether or not Asterisk dies later."""
    said = replace(HELD, by=By.HOTLINE, ended_at=EARLY)
    assert rules(replace(GOOD, citizens=(said,), allowed=Allowed(asterisk_dies=True))) == {"nobody_hung_up"}


@pytest.mark.parametrize(
    ("typed", "kept", "lost"),
    [("", "", 0), ("abc", "abc", 0), ("abc", "", 3), ("abcd", "abd", 2), ("abc", "abcabc", 0)],
)
def test_letters_are_counted_from_where_they_differ(typed: str, kept: str, lost: int) -> None:
    assert Draft(typed, kept).lost == lost


def test_a_long_recording_does_not_make_up_for_a_short_one() -> None:
    facts = replace(GOOD, recordings=(Recording("1", 100.0, 200.0), Recording("2", 100.0, 90.0)))
    assert facts.recorded == pytest.approx(0.95)
    assert rules(facts) == {"recorded"}


def test_the_report_names_what_was_broken_and_what_was_not_tried() -> None:
    bad = replace(GOOD, operators=(Operator("110", "talking", None),), notes=("44 telephones without a page",))
    outcomes = [
        Outcome("service-killed", bad),
        Outcome("clock-forward", None, "libfaketime is not installed", skipped=True),
        Outcome("asterisk-killed", None, "it did not start"),
    ]
    text = table(outcomes)
    assert "operator 110 is talking instead of free" in text
    assert "VIOLATED" in text
    assert "44 telephones without a page" in text
    assert "libfaketime is not installed" in text
    assert "NOT PLAYED" in text
    assert [one.ok for one in outcomes] == [False, True, False]
    assert as_json(outcomes)[0]["facts"]["released_at"] == "2026-11-20T07:01:20+00:00"
