"""The ledger's rules: what makes a duty, what ends it, who may do what (DAY-14, peers: lost call-backs)."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hotline.callback import limits_of
from hotline.callbacks.model import (
    OVER,
    CallSeen,
    Closing,
    Duty,
    DutyState,
    IllegalMove,
    Limits,
    Move,
    MoveKind,
    Reason,
    Result,
)
from hotline.callbacks.rules import due_at, fold, judge, step
from hotline.config import Settings
from hotline.journal.deadlines import Calendar

T0 = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
LIMITS = Limits()
MOSCOW = ZoneInfo("Europe/Moscow")
ANNA, BORIS = 11, 12


def after(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


def call(minute: float = 0, **changes: object) -> CallSeen:
    """Make an incoming call that was abandoned after a minute in the queue."""
    start = after(minute)
    facts: dict[str, object] = {
        "key": f"pbx1-1.{minute}",
        "direction": "in",
        "number": "+79280001122",
        "queue": "hotline",
        "started_at": start,
        "queued_at": start + timedelta(seconds=5),
        "answered_at": None,
        "ended_at": start + timedelta(minutes=1),
        "outcome": "abandoned_queue",
        "ended_by": "caller",
        "end_source": "ami",
        "talk_s": 0.0,
        "operator_id": None,
        "last_partner_at": None,
    }
    return CallSeen(**(facts | changes))  # type: ignore[arg-type]


def talk(minute: float = 0, seconds: float = 50, **changes: object) -> CallSeen:
    answered = after(minute) + timedelta(seconds=10)
    end = answered + timedelta(seconds=seconds)
    facts: dict[str, object] = {
        "answered_at": answered, "ended_at": end, "outcome": "answered", "talk_s": seconds, "operator_id": ANNA,
        "last_partner_at": end,
    }  # fmt: skip
    return call(minute, **(facts | changes))


def dialled(minute: float = 0, outcome: str = "answered", seconds: float = 50) -> CallSeen:
    if outcome == "answered":
        return talk(minute, seconds, direction="out", number=None, queue=None, queued_at=None)
    return call(minute, direction="out", number=None, queue=None, queued_at=None, outcome=outcome, operator_id=ANNA)


@pytest.mark.parametrize(
    ("seen", "kind", "word"),
    [
        pytest.param(call(), MoveKind.MISS, Reason.ABANDONED, id="gave up in the queue"),
        pytest.param(call(outcome="abandoned_ivr", queued_at=None), MoveKind.MISS, Reason.ABANDONED, id="greeting"),
        pytest.param(call(outcome="voicemail"), MoveKind.MISS, Reason.VOICEMAIL, id="left a message"),
        pytest.param(call(outcome="out_of_hours"), MoveKind.MISS, Reason.OUT_OF_HOURS, id="after hours"),
        pytest.param(call(outcome="callback"), MoveKind.MISS, Reason.ASKED, id="pressed 1"),
        pytest.param(call(outcome="failed"), MoveKind.MISS, Reason.FAILED, id="failed"),
        pytest.param(call(outcome=None), MoveKind.MISS, Reason.FAILED, id="ended, nobody knows how"),
        pytest.param(call(ended_at=None, outcome=None), None, None, id="still waits"),
        pytest.param(talk(), MoveKind.SERVE, None, id="answered"),
        pytest.param(talk(ended_at=None, outcome=None), MoveKind.SERVE, None, id="talks now"),
        pytest.param(talk(last_partner_at=after(0.5)), MoveKind.MISS, Reason.LOST, id="recovered and lost"),
        pytest.param(talk(last_partner_at=after(0.5), ended_by="agent"), MoveKind.SERVE, None, id="operator ended it"),
        pytest.param(talk(end_source="restart", ended_by="system"), MoveKind.MISS, Reason.LOST, id="Asterisk died"),
        pytest.param(dialled(), MoveKind.SERVE, None, id="reached"),
        pytest.param(dialled(seconds=9.9), MoveKind.TRY, Result.SHORT, id="answering machine"),
        pytest.param(dialled(outcome="busy"), MoveKind.TRY, Result.BUSY, id="busy"),
        pytest.param(dialled(outcome="no_answer"), MoveKind.TRY, Result.NO_ANSWER, id="no answer"),
        pytest.param(dialled(outcome="failed"), MoveKind.TRY, Result.FAILED, id="no line"),
        pytest.param(call(direction="internal"), None, None, id="colleagues"),
    ],
)
def test_what_a_call_means(seen: CallSeen, kind: MoveKind | None, word: Reason | Result | None) -> None:
    """DAY-14: every call that served nobody is a duty; only real talk ends it."""
    found = judge(seen, LIMITS)
    assert (found and found.kind) == kind
    assert found is None or (found.reason or found.result) == word


def test_as_shipped_ten_seconds_outwards_and_anybodys_answer_inwards_close_a_duty() -> None:
    """DAY-14 with the product's own settings (the real calls of tests/calls run with 0 s to save ten seconds each)."""
    shipped = limits_of(Settings())
    assert shipped.served_s == 10
    for seconds, state in ((9.9, DutyState.ATTEMPTED), (10, DutyState.SERVED)):
        moves = [judge(one, shipped) for one in (call(0), dialled(5, seconds=seconds))]
        (found,) = fold([one for one in moves if one is not None], shipped)
        assert (found.state, found.over_by) == (state, ANNA if state is DutyState.SERVED else None)
    answered = judge(talk(5, seconds=1, operator_id=BORIS), shipped)
    assert answered is not None
    (found,) = fold([judge(call(0), shipped) or answered, answered], shipped)
    assert (found.state, found.over_by, found.served_call) == (DutyState.SERVED, BORIS, "pbx1-1.5")


def duty(*moves: Move | CallSeen) -> Duty:
    read = [judge(one, LIMITS) if isinstance(one, CallSeen) else one for one in moves]
    found = fold([one for one in read if one is not None], LIMITS)
    return found[-1]


def said(kind: MoveKind, minute: float, user: int = ANNA, **more: object) -> Move:
    return replace(Move(kind, after(minute), user), **more)  # type: ignore[arg-type]


def test_one_citizen_is_one_duty_with_all_its_reasons() -> None:
    """DAY-14: deduplicated by number; first and last time, tries, the deadline of the first."""
    found = duty(call(0), call(5, outcome="voicemail"), call(9, outcome="callback"), call(20))
    assert (found.tries, found.first_at, found.last_at) == (4, after(1), after(21))
    assert found.reasons == (Reason.ABANDONED, Reason.VOICEMAIL, Reason.ASKED)
    assert found.asked_since == after(9) + timedelta(seconds=5)
    assert found.voicemail == "pbx1-1.5"


def test_being_served_by_anybody_ends_it_and_the_next_loss_is_a_new_one() -> None:
    """DAY-14: hidden once the person called again himself."""
    moves = [judge(one, LIMITS) for one in (call(0), talk(5), call(30), dialled(60))]
    first, second = fold([one for one in moves if one is not None], LIMITS)
    assert (first.state, first.served_call, first.over_by) == (DutyState.SERVED, "pbx1-1.5", ANNA)
    assert (second.state, second.tries, second.served_call) == (DutyState.SERVED, 1, "pbx1-1.60")


def test_an_appeal_serves() -> None:
    found = duty(call(0), Move(MoveKind.SERVE, after(9), BORIS, appeal_id=15))
    assert (found.state, found.served_appeal, found.over_by) == (DutyState.SERVED, 15, BORIS)


def test_an_attempt_waits_for_its_next_time_unless_he_calls_again() -> None:
    tried = duty(call(0), dialled(5, "busy"))
    assert (tried.state, tried.attempts, tried.last_result) == (DutyState.ATTEMPTED, 1, Result.BUSY)
    assert tried.next_try_at == after(6) + LIMITS.place_pause
    assert duty(call(0), dialled(5, "busy"), call(7)).next_try_at is None


LATE = timedelta(hours=1) + LIMITS.hold


@pytest.mark.parametrize(
    ("moves", "allowed"),
    [
        pytest.param([said(MoveKind.TAKE, 2), said(MoveKind.TAKE, 3)], True, id="take again"),
        pytest.param([said(MoveKind.TAKE, 2), said(MoveKind.TAKE, 3, BORIS)], False, id="taken by a colleague"),
        pytest.param([said(MoveKind.TAKE, 2), said(MoveKind.TAKE, 3, BORIS, insists=True)], True, id="a supervisor"),
        pytest.param([said(MoveKind.TAKE, 2), said(MoveKind.TAKE, 18, BORIS)], True, id="the hold has run out"),
        pytest.param([said(MoveKind.TAKE, 2), said(MoveKind.CLOSE, 3, BORIS)], False, id="closed over his head"),
        pytest.param([said(MoveKind.TAKE, 2), said(MoveKind.ATTEMPT, 3, BORIS)], False, id="called over his head"),
        pytest.param([said(MoveKind.RELEASE, 2)], False, id="nothing to give back"),
        pytest.param([said(MoveKind.TAKE, 2), said(MoveKind.RELEASE, 3)], True, id="give back"),
        pytest.param([said(MoveKind.TAKE, 2), said(MoveKind.RELEASE, 3, BORIS)], False, id="not his to give back"),
        pytest.param([said(MoveKind.CLOSE, 2), said(MoveKind.TAKE, 3)], False, id="it is over"),
        pytest.param([said(MoveKind.CLOSE, 2), said(MoveKind.CLOSE, 3)], False, id="closed twice"),
        pytest.param([said(MoveKind.CLOSE, 2), said(MoveKind.REOPEN, 3)], True, id="undo"),
        pytest.param([said(MoveKind.REOPEN, 2)], False, id="nothing to undo"),
        pytest.param([Move(MoveKind.SERVE, after(2)), said(MoveKind.REOPEN, 3)], False, id="served stays served"),
    ],
)
def test_the_door(moves: list[Move], allowed: bool) -> None:
    state = duty(call(0))
    for move in moves[:-1]:
        state = step(state, move, LIMITS)
    if allowed:
        step(state, moves[-1], LIMITS)
        return
    with pytest.raises(IllegalMove):
        step(state, moves[-1], LIMITS)
    assert fold([*[m for m in [judge(call(0), LIMITS)] if m], *moves], LIMITS) == (state,), "a fold passes over it"


@pytest.mark.parametrize("kind", list(MoveKind))
@pytest.mark.parametrize("state", list(DutyState))
def test_every_move_in_every_state_is_made_or_refused(kind: MoveKind, state: DutyState) -> None:
    """Nothing leaves the states that are drawn in docs/states.md."""
    whole = replace(duty(call(0)), state=state)
    try:
        found = step(whole, replace(said(kind, 2), call_key="k", reason=Reason.ABANDONED), LIMITS)
    except IllegalMove:
        assert (state in OVER) or kind in {MoveKind.RELEASE, MoveKind.REOPEN}
        return
    assert state not in OVER or (kind, state) == (MoveKind.REOPEN, DutyState.CLOSED)
    assert (found.over_at is not None) == (found.state in OVER)


@pytest.mark.parametrize(
    ("first", "due"),
    [
        pytest.param("2026-11-20T10:00", "2026-11-20T18:00", id="the same day"),
        pytest.param("2026-11-20T03:00", "2026-11-20T18:00", id="in the night before"),
        pytest.param("2026-11-20T18:00", "2026-11-23T18:00", id="Friday evening"),
        pytest.param("2026-11-21T12:00", "2026-11-23T18:00", id="Saturday"),
        pytest.param("2026-12-31T12:00", "2027-01-11T18:00", id="holidays of the calendar"),
        pytest.param("2026-11-28T12:00", "2026-11-28T18:00", id="a working Saturday of the calendar"),
    ],
)
def test_deadline(first: str, due: str) -> None:
    """DAY-14, DAY-41: the same day; after hours the next working day, by the production calendar and our zone."""
    holidays = {date(2026, 12, 31): False, date(2026, 11, 28): True}
    holidays |= {date(2027, 1, day): False for day in range(1, 11)}
    found = due_at(datetime.fromisoformat(first).replace(tzinfo=MOSCOW), LIMITS, Calendar(holidays), MOSCOW)
    assert found.astimezone(MOSCOW).strftime("%Y-%m-%dT%H:%M") == due


@pytest.mark.parametrize("seed", range(40))
def test_the_ledger_is_the_computed_set_at_every_minute(seed: int) -> None:
    """Peers: "generator of repeat callers; ledger equals the computed set at every minute", in any order of reports."""
    random_ = random.Random(seed)
    history: dict[int, list[tuple[int, CallSeen]]] = {citizen: [] for citizen in range(4)}
    for minute in range(0, 400, 3):
        citizen = random_.randrange(4)
        kind = random_.randrange(4)
        made = talk(minute) if kind == 0 else dialled(minute) if kind == 1 else call(minute)
        history[citizen].append((minute, made))
    for citizen, calls in history.items():
        for now in range(0, 410, 7):
            known = [one for minute, one in calls if minute + 2 <= now]
            owed = False  # counted here without the rules: what was the last thing that happened?
            for one in known:
                owed = one.outcome != "answered" and (owed or one.direction == "in")
            moves = [move for one in known if (move := judge(one, LIMITS)) is not None]
            shuffled = random_.sample(moves, len(moves))
            found = fold(shuffled, LIMITS)
            assert bool(found and found[-1].state not in OVER) == owed, (citizen, now)
            assert found == fold(moves, LIMITS)
            assert all(one.state in OVER for one in found[:-1])


def test_closing_keeps_its_reason() -> None:
    found = duty(call(0), said(MoveKind.CLOSE, 3, closing=Closing.NOT_NEEDED))
    assert (found.state, found.closing, found.over_by) == (DutyState.CLOSED, Closing.NOT_NEEDED, ANNA)
