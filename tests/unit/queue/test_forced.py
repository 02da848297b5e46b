"""What a supervisor may do for an operator (domain 2.11 ``agent.force_state``; peers, "closes a stuck wrap-up")."""

from __future__ import annotations

from typing import get_args

import pytest

from hotline.queue.model import (
    IN_CALL,
    CloseWrapUp,
    EndWork,
    Forced,
    GoReady,
    OperatorState,
    Pause,
    PauseMember,
    RemoveMember,
    TakePause,
    UnpauseMember,
)
from hotline.queue.rules import FORCIBLE, IllegalMove, decide
from tests.unit.queue.operators import NOW, POLICY, S, operator

BOSS = 42
Wish = GoReady | TakePause | EndWork | CloseWrapUp

# Letters are those of docs/states.md.
MOVES = [
    ("Q pause", S.READY, TakePause("P01"), S.PAUSE),
    ("Q pause planned in a call", S.TALKING, TakePause("P01"), S.TALKING),
    ("Q pause instead of the rest of a wrap-up", S.WRAP_UP, TakePause("P01"), S.PAUSE),
    ("R ready out of a pause", S.PAUSE, GoReady(), S.READY),
    ("R ready out of a wrap-up", S.WRAP_UP, GoReady(), S.READY),
    ("S sent home from ready", S.READY, EndWork(), S.OFFLINE),
    ("S sent home from a pause", S.PAUSE, EndWork(), S.OFFLINE),
    ("S sent home whose telephone is lost", S.LOST, EndWork(), S.OFFLINE),
    ("T a stuck wrap-up closed", S.WRAP_UP, CloseWrapUp(), S.READY),
]


@pytest.mark.parametrize(("before", "wish", "expected"), [m[1:] for m in MOVES], ids=[m[0] for m in MOVES])
def test_a_supervisor_moves_an_operator(before: OperatorState, wish: Wish, expected: OperatorState) -> None:
    assert decide(operator(before), Forced(wish, BOSS), NOW, POLICY).operator.state is expected


REFUSED = [
    *[(state, EndWork()) for state in sorted(IN_CALL)],
    *[(state, GoReady()) for state in sorted(set(S) - {S.PAUSE, S.WRAP_UP})],
    *[(state, CloseWrapUp()) for state in sorted(set(S) - {S.WRAP_UP})],
    (S.OFFLINE, TakePause("P01")),
    (S.OFFLINE, EndWork()),
]


@pytest.mark.parametrize(("before", "wish"), REFUSED, ids=[f"{s}-{type(w).__name__}" for s, w in REFUSED])
def test_what_cannot_be_forced_is_refused(before: OperatorState, wish: Wish) -> None:
    """Nobody is thrown out of a citizen's call, and who does not work is left alone."""
    with pytest.raises(IllegalMove):
        decide(operator(before), Forced(wish, BOSS), NOW, POLICY)


def test_a_closed_wrap_up_keeps_the_planned_pause() -> None:
    one = operator(S.WRAP_UP, pause=Pause("P02"))
    decision = decide(one, Forced(CloseWrapUp(), BOSS), NOW, POLICY)
    assert (decision.operator.state, decision.operator.reason) == (S.PAUSE, "P02")
    assert decision.effects == (PauseMember("101", "P02"),)


def test_asterisk_is_told_what_was_forced() -> None:
    def effects(state: OperatorState, wish: Wish) -> tuple[object, ...]:
        return decide(operator(state), Forced(wish, BOSS), NOW, POLICY).effects

    assert effects(S.READY, TakePause("P01")) == (PauseMember("101", "P01"),)
    assert effects(S.PAUSE, GoReady()) == (UnpauseMember("101"),)
    assert effects(S.WRAP_UP, CloseWrapUp()) == (UnpauseMember("101"),)
    assert effects(S.READY, EndWork()) == (RemoveMember("hotline", "101"),)


def test_every_wish_has_its_row() -> None:
    assert set(FORCIBLE) == set(get_args(Wish))
