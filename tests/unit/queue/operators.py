"""Operators in any state, for the tests of the rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hotline.profiles.loader import read_profile
from hotline.queue.model import (
    CallPart,
    Decision,
    Happening,
    Notice,
    Notify,
    Operator,
    OperatorState,
    Pause,
    PauseReason,
    Policy,
    StartWork,
    Stretch,
)
from hotline.queue.rules import decide

S = OperatorState
NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
EARLIER = NOW - timedelta(minutes=3)
REASONS = {
    row["code"]: PauseReason(
        row["code"],
        row["title"],
        timedelta(minutes=row["limit_min"]) if "limit_min" in row else None,
        automatic=row.get("automatic", False),
    )
    for row in read_profile("oms")["pause_reason"]
}
POLICY = Policy(pause_reasons=REASONS)
START = StartWork("101", ("hotline",), microphone=True)
A, B = "pbx1-1.1", "pbx1-2.1"


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def operator(state: OperatorState, **facts: object) -> Operator:
    """An operator who came into ``state`` the ordinary way, three minutes ago."""
    base = Operator(7, "101", EARLIER, queues=("hotline",), state=state)
    match state:
        case S.RINGING:
            base = replace(base, calls=((A, CallPart.RINGING),))
        case S.TALKING:
            base = replace(base, calls=((A, CallPart.TALKING),))
        case S.HOLD:
            base = replace(base, calls=((A, CallPart.HELD),))
        case S.WRAP_UP:
            limit = NOW + seconds(30)
            base = replace(base, wrap_up=Stretch(EARLIER, limit), limit_at=limit, last_call=A)
        case S.PAUSE:
            limit = NOW + seconds(600)
            base = replace(base, pause=Pause("P02", Stretch(EARLIER, limit)), reason="P02", limit_at=limit)
        case S.LOST:
            base = replace(base, phone_lost_at=EARLIER)
        case _:
            pass
    return replace(base, **facts)  # type: ignore[arg-type]  # facts are named fields of Operator


def after(state: OperatorState, *events: Happening) -> Operator:
    result = operator(state)
    for event in events:
        result = decide(result, event, NOW, POLICY).operator
    return result


def notices(decision: Decision) -> list[Notice]:
    return [effect.notice for effect in decision.effects if isinstance(effect, Notify)]
