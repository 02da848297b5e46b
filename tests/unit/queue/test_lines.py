"""The rules of lines without Asterisk or a database: what is told, who stands where, what is refused (S001-012)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from hotline.queue.lines_check import chain, field_errors, introduced, problems
from hotline.queue.lines_explain import Imagined, StepKind, explain, line_of
from hotline.queue.lines_model import (
    Hours,
    Kind,
    Level,
    Line,
    Person,
    Priority,
    Queue,
    Record,
    Rules,
    Skill,
    Span,
    Strategy,
    Taker,
    Then,
    Vip,
)
from hotline.queue.lines_rules import options, place_in, places_of, plan, read_spans, spans_on, write_spans

TODAY = date(2026, 11, 20)  # a Friday
DAY = "09:00-13:00, 14:00-18:00"
OFFICE = Hours("Контора", (DAY, DAY, DAY, DAY, "09:00-17:00", "", ""))
SATURDAY, HOLIDAY = date(2026, 11, 28), date(2026, 11, 23)
CALENDAR = {SATURDAY: True, HOLIDAY: False}
ANNA, BORIS, VERA = Taker(1, by_role=True), Taker(2, by_role=True), Taker(3, by_role=False)
EVERYBODY = (ANNA, BORIS, VERA)
TATAR = Rules(
    "hotline",
    hours={"office": OFFICE},
    queues={
        "hotline": Queue("Основная", levels=(Level(0, 9), Level(30, 100))),
        "tatar": Queue("Татарский", skills=("tt", "omc"), then=Then.QUEUE, then_queue="hotline", max_wait_s=60),
    },
    lines={
        "8001000000": Line(
            "Единая", "hotline", hours="office", worth=5, menu="hotline/menu", digits={"2": "tatar", "1": "hotline"}
        ),
        "other": Line("Прочие", "hotline"),
    },
    skills={"tt": Skill("Татарский"), "omc": Skill("Выбор страховой")},
    people={3: Person({"tt": 3, "omc": 2}), 1: Person({"tt": 1})},
    priority=Priority(returning=10, minutes=30, repeated=5, vip=(Vip("9280001122", 50, "штаб"),)),
)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("", ()),
        (DAY, (Span(540, 780), Span(840, 1080))),
        ("0:00-24:00", (Span(0, 1440),)),
        ("9:05 – 9:06", (Span(545, 546),)),
    ],
)
def test_hours_are_read_as_people_write_them(text: str, spans: tuple[Span, ...]) -> None:
    assert read_spans(text) == spans
    assert read_spans(write_spans(spans)) == spans


@pytest.mark.parametrize(
    "text", ["9-18", "18:00-09:00", "09:00-09:00", "09:60-10:00", "09:00-25:00", "09:00-12:00,11:00-13:00", "весь день"]
)
def test_hours_that_cannot_be_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_spans(text)


@pytest.mark.parametrize(
    ("day", "hours", "expected"),
    [
        (TODAY, OFFICE, "09:00-17:00"),
        (date(2026, 11, 21), OFFICE, ""),
        (SATURDAY, OFFICE, "09:00-17:00"),  # a working Saturday has Friday's hours
        (HOLIDAY, OFFICE, ""),
        (HOLIDAY, replace(OFFICE, day_off="10:00-12:00"), "10:00-12:00"),
        (HOLIDAY, replace(OFFICE, by_calendar=False), "09:00-13:00, 14:00-18:00"),
        (HOLIDAY, replace(OFFICE, days={HOLIDAY.isoformat(): "08:00-09:00"}), "08:00-09:00"),
    ],
)
def test_a_day_is_its_own_then_the_calendars_then_the_weeks(day: date, hours: Hours, expected: str) -> None:
    assert write_spans(spans_on(hours, day, CALENDAR)) == expected


def test_plan_of_a_whole_hotline_in_keys_and_sections() -> None:
    """S001-012, DAY-14: the agreement with ``extensions_lines.j2``, to the letter."""
    made = plan(TATAR, CALENDAR, TODAY)
    assert made.keys == {
        "line/8001000000": "hotline|||office|5|hotline/menu",
        "line/other": "hotline||||0|",
        "menu/8001000000/1": "hotline",
        "menu/8001000000/2": "tatar",
        **{f"hours/office/{day}": "540-780&840-1080" for day in "1234"},
        "hours/office/5": "540-1020",
        "hours/office/6": "0-0",
        "hours/office/7": "0-0",
        "hours/office/2026-11-23": "0-0",
        "hours/office/2026-11-28": "540-1020",
        "queue/hotline": "900|voicemail||9|hotline",
        "queue/tatar": "60|queue|hotline||",
        "vip/9280001122": "50",
        "priority": "10|30|5",
    }
    assert set(made.queues) == {"hotline", "tatar"}
    assert made.levels == {"hotline": (("penaltychange", "30,100"),)}


def test_nothing_said_is_nothing_told() -> None:
    assert plan(Rules("hotline"), CALENDAR, TODAY).keys == {}


def test_days_of_the_past_are_told_no_more() -> None:
    keys = plan(TATAR, CALENDAR, date(2026, 12, 1)).keys
    assert "hours/office/2026-11-23" not in keys


@pytest.mark.parametrize(
    ("queue", "expected"),
    [
        (Queue("Q", strategy=Strategy.FEWEST_CALLS), ("strategy", "fewestcalls")),
        (Queue("Q", ring_s=7), ("timeout", "7")),
        (Queue("Q", position=False, hold_time=False), ("announce-frequency", "0")),
        (Queue("Q", position=False, hold_time=True), ("announce-holdtime", "yes")),
        (Queue("Q", callback=True), ("context", "queue-exit")),
        (Queue("Q", music="calm"), ("musicclass", "calm")),
    ],
)
def test_queue_is_told_as_a_whole_section(queue: Queue, expected: tuple[str, str]) -> None:
    section = options(queue)
    assert expected in section
    assert len(section) == len(dict(section)), "no option stands twice"
    assert {"ringinuse", "joinempty", "autopause", "setinterfacevar"} <= set(dict(section))


@pytest.mark.parametrize(
    ("taker", "queue", "place"),
    [
        (ANNA, "hotline", 0),
        (VERA, "hotline", None),  # level 2 stands in no queue unless somebody says so (S001-016)
        (replace(VERA, said={"hotline": (True, 20)}), "hotline", 20),
        (replace(ANNA, said={"hotline": (False, 0)}), "hotline", None),
        (ANNA, "tatar", None),  # one of two skills is not enough
        (VERA, "tatar", 10),  # the weaker of his two skills counts
        (replace(VERA, said={"tatar": (True, 5)}), "tatar", 15),
        (replace(VERA, said={"tatar": (False, 0)}), "tatar", None),
        (ANNA, "nowhere", None),
    ],
)
def test_membership_follows_from_role_skills_and_the_administrators_word(
    taker: Taker, queue: str, place: int | None
) -> None:
    assert place_in(TATAR, queue, taker) == place


def test_places_of_somebody_are_all_his_queues() -> None:
    assert places_of(TATAR, VERA) == {"tatar": 10}
    assert places_of(TATAR, ANNA) == {"hotline": 0}


# --- What is refused ------------------------------------------------------------------------------------------------


def with_queue(rules: Rules, code: str, queue: Queue) -> Rules:
    return replace(rules, queues={**rules.queues, code: queue})


def with_line(rules: Rules, line: Line) -> Rules:
    return replace(rules, lines={**rules.lines, "8001000000": line})


LOOP = with_queue(TATAR, "hotline", Queue("Основная", then=Then.QUEUE, then_queue="tatar"))


@pytest.mark.parametrize(
    ("rules", "takers", "what"),
    [
        (with_line(TATAR, Line("Единая", "gone")), EVERYBODY, "no-such-queue"),
        (with_line(TATAR, Line("Единая", "hotline", menu="m", digits={"1": "gone"})), EVERYBODY, "no-such-queue"),
        (with_line(TATAR, Line("Единая", "hotline", hours="gone")), EVERYBODY, "no-such-hours"),
        (with_queue(TATAR, "tatar", Queue("T", then=Then.QUEUE, then_queue="gone")), EVERYBODY, "no-such-queue"),
        (with_queue(TATAR, "tatar", Queue("T", skills=("gone",))), EVERYBODY, "no-such-skill"),
        (LOOP, EVERYBODY, "overflow-loop"),
        (TATAR, (VERA,), "nobody-in-queue"),
        (replace(TATAR, people={}), EVERYBODY, "nobody-in-queue"),
        (with_queue(TATAR, "tatar", Queue("T", skills=("tt", "omc"), levels=(Level(0, 5),))), EVERYBODY,
         "nobody-in-levels"),
        (with_queue(TATAR, "hotline", Queue("H", levels=(Level(0, 1), Level(900, 9)))), EVERYBODY, "level-after-wait"),
        (replace(TATAR, hours={"office": Hours("Никогда", ("",) * 7)}), EVERYBODY, "never-open"),
    ],
)  # fmt: skip
def test_rules_that_would_leave_somebody_without_an_answer_are_problems(
    rules: Rules, takers: tuple[Taker, ...], what: str
) -> None:
    before = problems(TATAR, EVERYBODY, CALENDAR, TODAY)
    assert before == frozenset()
    found = introduced(before, problems(rules, takers, CALENDAR, TODAY))
    assert what in {one.what for one in found}


def test_what_was_wrong_before_does_not_forbid_to_mend_something_else() -> None:
    broken = with_line(TATAR, Line("Единая", "gone"))
    before = problems(broken, EVERYBODY, CALENDAR, TODAY)
    better = with_queue(broken, "spare", Queue("Запас"))
    assert introduced(before, problems(better, EVERYBODY, CALENDAR, TODAY)) == ()


def test_a_queue_that_no_call_comes_into_may_be_empty() -> None:
    spare = with_queue(TATAR, "spare", Queue("Запас", skills=("tt", "omc")))
    assert problems(replace(spare, people=TATAR.people), EVERYBODY, CALENDAR, TODAY) == frozenset()


def test_a_ring_of_queues_ends_where_it_closes() -> None:
    assert chain(LOOP, "tatar") == ("tatar", "hotline", "tatar")
    assert chain(TATAR, "tatar") == ("tatar", "hotline")


@pytest.mark.parametrize(
    ("kind", "code", "record", "field"),
    [
        (Kind.QUEUE, "Имя", Queue("Q"), "code"),
        (Kind.QUEUE, "line-check", Queue("Q"), "code"),
        (Kind.QUEUE, "q", Queue(" "), "title"),
        (Kind.QUEUE, "q", Queue("Q", ring_s=0), "ring_s"),
        (Kind.QUEUE, "q", Queue("Q", max_wait_s=4), "max_wait_s"),
        (Kind.QUEUE, "q", Queue("Q", then=Then.QUEUE), "then_queue"),
        (Kind.QUEUE, "q", Queue("Q", levels=(Level(5, 9),)), "levels"),
        (Kind.QUEUE, "q", Queue("Q", levels=(Level(0, 9), Level(10, 9))), "levels"),
        (Kind.QUEUE, "q", Queue("Q", music="a;b"), "music"),
        (Kind.LINE, "+7800", Line("L", "hotline"), "code"),
        (Kind.LINE, "112", Line("L", "hotline", greeting="a b"), "greeting"),
        (Kind.LINE, "112", Line("L", "hotline", menu="hotline/menu"), "digits"),
        (Kind.LINE, "112", Line("L", "hotline", menu="m", digits={"12": "hotline"}), "digits"),
        (Kind.LINE, "112", Line("L", "hotline", worth=101), "worth"),
        (Kind.HOURS, "h", replace(OFFICE, day_off="?"), "day_off"),
        (Kind.HOURS, "h", replace(OFFICE, days={"завтра": ""}), "days"),
        (Kind.PERSON, "7", Person({"tt": 4}), "skills"),
        (Kind.PRIORITY, "all", Priority(minutes=0), "minutes"),
        (Kind.PRIORITY, "all", Priority(vip=(Vip("1", 5), Vip("1", 6))), "vip"),
    ],
)
def test_a_wrong_field_is_named(kind: Kind, code: str, record: Record, field: str) -> None:
    assert field in field_errors(kind, code, record)


@pytest.mark.parametrize(
    ("kind", "code", "record"),
    [
        (Kind.QUEUE, "tatar", TATAR.queues["tatar"]),
        (Kind.LINE, "other", TATAR.lines["other"]),
        (Kind.LINE, "8001000000", TATAR.lines["8001000000"]),
        (Kind.HOURS, "office", OFFICE),
        (Kind.PRIORITY, "all", TATAR.priority),
        (Kind.PERSON, "3", TATAR.people[3]),
        (Kind.SKILL, "tt", TATAR.skills["tt"]),
    ],
)
def test_a_sound_record_has_no_errors(kind: Kind, code: str, record: Record) -> None:
    assert field_errors(kind, code, record) == {}


# --- «A call from N would go …» -------------------------------------------------------------------------------------


def told(dialled: str, at: str, **more: object) -> list[tuple[StepKind, dict[str, object]]]:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    call = replace(Imagined("+7 928 000-11-22", dialled, moment), **more)  # type: ignore[arg-type] # fields of Imagined
    return [(step.kind, dict(step.facts)) for step in explain(TATAR, call, EVERYBODY, CALENDAR)]


def test_explained_call_in_hours_with_a_digit_goes_through_both_queues() -> None:
    steps = told("+78001000000", "2026-11-20T10:00", digit="2", left=2)
    assert [kind for kind, _ in steps] == [
        StepKind.LINE, StepKind.OPEN, StepKind.GREETING, StepKind.MENU, StepKind.CHOSEN, StepKind.WORTH,
        StepKind.QUEUE, StepKind.TOLD, StepKind.OVER,
        StepKind.QUEUE, StepKind.LEVEL, StepKind.LEVEL, StepKind.TOLD, StepKind.OVER, StepKind.MESSAGE,
    ]  # fmt: skip
    facts = dict(steps)
    assert facts[StepKind.WORTH] == {"worth": 70, "line": 5, "vip": 50, "returning": 10, "repeated": 5}
    assert steps[6][1] == {"title": "Татарский", "strategy": "leastrecent", "members": 1}
    assert steps[8][1] == {"max_wait_s": 60, "then": "queue", "queue": "Основная"}
    assert steps[10][1] == {"after_s": 0, "place": 9, "members": 2}


@pytest.mark.parametrize("at", ["2026-11-20T08:59", "2026-11-20T17:00", "2026-11-23T10:00", "2026-11-21T10:00"])
def test_explained_call_out_of_hours_ends_with_a_message(at: str) -> None:
    assert [kind for kind, _ in told("88001000000", at)] == [StepKind.LINE, StepKind.CLOSED, StepKind.MESSAGE]


def test_explained_call_to_a_number_without_a_line_takes_the_line_of_all_others() -> None:
    assert told("112", "2026-11-22T03:00")[:2] == [
        (StepKind.LINE, {"title": "Прочие", "code": "other"}),
        (StepKind.ALWAYS, {}),
    ]
    assert line_of(Rules("hotline"), "112") is None
