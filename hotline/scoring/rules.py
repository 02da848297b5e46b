"""The one door through which a review changes: who may do what in which state. Pure; drawn in docs/states.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hotline.errors import BadInput, Conflict, Forbidden
from hotline.scoring.model import Move, Standing, State


class IllegalMove(Conflict):
    """The state of the review does not allow this."""

    default_id = "illegal-score-move"


_FROM: Mapping[Move, Mapping[State, State]] = {
    Move.TAKE: {State.DRAWN: State.DRAFT},
    Move.RELEASE: {State.DRAFT: State.DRAWN},
    Move.SAVE: {State.DRAFT: State.DRAFT},
    Move.SKIP: {State.DRAWN: State.SKIPPED, State.DRAFT: State.SKIPPED},
    Move.PUBLISH: {State.DRAFT: State.PUBLISHED},
    Move.ACCEPT: {State.PUBLISHED: State.ACCEPTED},
    Move.DISPUTE: {State.PUBLISHED: State.DISPUTED},
    Move.CONFIRM: {State.DISPUTED: State.SETTLED},
    Move.CHANGE: {State.DISPUTED: State.SETTLED},
}
_OF_THE_OPERATOR = frozenset({Move.ACCEPT, Move.DISPUTE})
_OF_THE_REVIEWER = frozenset({Move.RELEASE, Move.SAVE, Move.PUBLISH})
_WITH_WORDS = frozenset({Move.SKIP, Move.DISPUTE, Move.CONFIRM, Move.CHANGE})
_IN_CALIBRATION = frozenset({Move.SAVE, Move.PUBLISH})
LONGEST_NOTE = 4000


def step(
    review: Standing, move: Move, user_id: int, *, reviews: bool, note: str = "", missing: Sequence[str] = ()
) -> State:
    """Return the state after a move.

    :param reviews: whether this user scores conversations of the operator's organisation.
    :param missing: criteria that have no answer yet.
    :raises Forbidden: the move is somebody else's.
    :raises IllegalMove: the state does not allow it.
    :raises BadInput: words are needed and missing or too long, or not everything is answered.
    """
    _require_one_of_his(review, move, user_id, reviews=reviews)
    after = _FROM[move].get(review.state)
    if after is None or (review.calibration and move not in _IN_CALIBRATION):
        raise IllegalMove(f"{move} is not possible: {review.state}", details={"state": str(review.state)})
    if move in _OF_THE_REVIEWER and review.reviewer_id != user_id:
        raise IllegalMove("a colleague scores this call", error_id="score-taken")
    if move is Move.SKIP and review.state is State.DRAFT and review.reviewer_id != user_id:
        raise IllegalMove("a colleague scores this call", error_id="score-taken")
    if len(note) > LONGEST_NOTE:
        raise BadInput("the text is too long", details={"note": f"at most {LONGEST_NOTE} characters"})
    if move in _WITH_WORDS and not note:
        raise BadInput("say why", details={"note": "required"})
    if move in {Move.PUBLISH, Move.CHANGE} and missing:
        raise BadInput("some criteria have no answer", details=dict.fromkeys(missing, "required"))
    return after


def moves_of(review: Standing, user_id: int, *, reviews: bool) -> tuple[Move, ...]:
    """Return the moves that ``step`` would allow this user, words and answers aside."""
    found = []
    for move in Move:
        try:
            step(review, move, user_id, reviews=reviews, note="-")
        except (Forbidden, Conflict):
            continue
        found.append(move)
    return tuple(found)


def _require_one_of_his(review: Standing, move: Move, user_id: int, *, reviews: bool) -> None:
    if move in _OF_THE_OPERATOR:
        if user_id != review.operator_id:
            raise Forbidden("only the operator answers his score", error_id="not-your-score")
    elif not reviews:
        raise Forbidden("this user does not score conversations", error_id="no-right")
    elif user_id == review.operator_id:
        raise Forbidden("nobody scores himself", error_id="own-call")
