"""The door of reviews, tried with every move in every state by everybody (DAY-37)."""

from __future__ import annotations

from itertools import product

import pytest

from hotline.errors import BadInput, Conflict, Forbidden
from hotline.scoring.model import Move, Standing, State
from hotline.scoring.rules import IllegalMove, moves_of, step

OPERATOR, REVIEWER, COLLEAGUE, STRANGER = 1, 2, 3, 4
REVIEWS = {REVIEWER, COLLEAGUE}
S, M = State, Move
ALLOWED = {
    (S.DRAWN, M.TAKE, REVIEWER): S.DRAFT,
    (S.DRAWN, M.TAKE, COLLEAGUE): S.DRAFT,
    (S.DRAWN, M.SKIP, REVIEWER): S.SKIPPED,
    (S.DRAWN, M.SKIP, COLLEAGUE): S.SKIPPED,
    (S.DRAFT, M.RELEASE, REVIEWER): S.DRAWN,
    (S.DRAFT, M.SAVE, REVIEWER): S.DRAFT,
    (S.DRAFT, M.SKIP, REVIEWER): S.SKIPPED,
    (S.DRAFT, M.PUBLISH, REVIEWER): S.PUBLISHED,
    (S.PUBLISHED, M.ACCEPT, OPERATOR): S.ACCEPTED,
    (S.PUBLISHED, M.DISPUTE, OPERATOR): S.DISPUTED,
    (S.DISPUTED, M.CONFIRM, REVIEWER): S.SETTLED,
    (S.DISPUTED, M.CONFIRM, COLLEAGUE): S.SETTLED,
    (S.DISPUTED, M.CHANGE, REVIEWER): S.SETTLED,
    (S.DISPUTED, M.CHANGE, COLLEAGUE): S.SETTLED,
}


def standing(state: State, *, calibration: bool = False) -> Standing:
    return Standing(state, OPERATOR, None if state is S.DRAWN else REVIEWER, calibration)


@pytest.mark.parametrize(
    ("state", "move", "who"), list(product(State, Move, (OPERATOR, REVIEWER, COLLEAGUE, STRANGER)))
)
def test_each_move_in_each_state_by_each_person(state: State, move: Move, who: int) -> None:
    """DAY-37: the operator answers, the reviewer scores, nobody does the other's part."""
    after = ALLOWED.get((state, move, who))
    if after is not None:
        assert step(standing(state), move, who, reviews=who in REVIEWS, note="потому") is after
        return
    with pytest.raises((Conflict, Forbidden)):
        step(standing(state), move, who, reviews=who in REVIEWS, note="потому")


@pytest.mark.parametrize("who", [OPERATOR, REVIEWER, COLLEAGUE, STRANGER])
def test_what_is_offered_is_what_is_allowed(who: int) -> None:
    for state in State:
        offered = moves_of(standing(state), who, reviews=who in REVIEWS)
        assert set(offered) == {move for (one, move, by) in ALLOWED if (one, by) == (state, who)}


@pytest.mark.parametrize("move", list(Move))
def test_nobody_scores_himself_though_he_reviews_others(move: Move) -> None:
    if move in {M.ACCEPT, M.DISPUTE}:
        return
    with pytest.raises(Forbidden, match="himself"):
        step(standing(S.DRAFT), move, OPERATOR, reviews=True, note="-")


def test_words_and_answers_are_asked_for() -> None:
    for state, move, who in ((S.PUBLISHED, M.DISPUTE, OPERATOR), (S.DISPUTED, M.CONFIRM, REVIEWER)):
        with pytest.raises(BadInput) as caught:
            step(standing(state), move, who, reviews=who in REVIEWS)
        assert caught.value.details == {"note": "required"}
    with pytest.raises(BadInput) as caught:
        step(standing(S.DRAFT), M.PUBLISH, REVIEWER, reviews=True, missing=["c2"])
    assert caught.value.details == {"c2": "required"}
    with pytest.raises(BadInput, match="too long"):
        step(standing(S.PUBLISHED), M.DISPUTE, OPERATOR, reviews=False, note="я" * 4001)


@pytest.mark.parametrize("state", [S.DRAWN, S.PUBLISHED, S.DISPUTED])
def test_a_calibration_is_scored_and_never_disputed(state: State) -> None:
    """DAY-37: several score the same call; the operator is not asked about it."""
    for move, who in product(Move, (OPERATOR, REVIEWER)):
        with pytest.raises((IllegalMove, Forbidden)):
            step(standing(state, calibration=True), move, who, reviews=who in REVIEWS, note="-")
    assert step(standing(S.DRAFT, calibration=True), M.PUBLISH, REVIEWER, reviews=True) is S.PUBLISHED
