from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hotline.cti.transfers import FINAL, Effect, Happening, IllegalStep, Transfer, TransferKind, TransferState, step

S, H, E = TransferState, Happening, Effect
START = Transfer("pbx1-1.1", "101", "102", "PJSIP/trunk-1", "PJSIP/101-1", "7", datetime(2026, 11, 20, tzinfo=UTC))

LEGAL = [
    (S.STARTING, H.REDIRECTED, S.RINGING, ()),
    (S.STARTING, H.RANG, S.RINGING, ()),
    (S.STARTING, H.REDIRECT_FAILED, S.REFUSED, (E.TELL_END,)),
    (S.STARTING, H.TARGET_GONE, S.REFUSED, (E.TELL_END,)),
    (S.STARTING, H.CITIZEN_GONE, S.CANCELLED, (E.HANG_UP_TARGET, E.TELL_END)),
    (S.RINGING, H.REDIRECTED, S.RINGING, ()),
    (S.RINGING, H.RANG, S.RINGING, ()),
    (S.RINGING, H.ANSWERED, S.CONSULTING, ()),
    (S.RINGING, H.TARGET_GONE, S.REFUSED, (E.TELL_END,)),
    (S.RINGING, H.BACK, S.REFUSED, (E.TELL_END,)),
    (S.RINGING, H.CANCEL, S.RINGING, (E.HANG_UP_TARGET,)),
    (S.RINGING, H.OPERATOR_GONE, S.CANCELLED, (E.TELL_END,)),
    (S.RINGING, H.CITIZEN_GONE, S.CANCELLED, (E.HANG_UP_TARGET, E.TELL_END)),
    (S.CONSULTING, H.REDIRECTED, S.CONSULTING, ()),
    (S.CONSULTING, H.TARGET_GONE, S.CANCELLED, (E.TELL_END,)),
    (S.CONSULTING, H.BACK, S.CANCELLED, (E.TELL_END,)),
    (S.CONSULTING, H.CANCEL, S.CONSULTING, (E.HANG_UP_TARGET,)),
    (S.CONSULTING, H.COMPLETE, S.COMPLETING, (E.HANG_UP_OPERATOR,)),
    (S.CONSULTING, H.OPERATOR_GONE, S.COMPLETING, ()),
    (S.CONSULTING, H.JOINED, S.DONE, (E.TELL_END,)),
    (S.CONSULTING, H.JOIN, S.CONFERENCE, (E.JOIN_CITIZEN,)),
    (S.CONFERENCE, H.JOIN_FAILED, S.CONSULTING, ()),
    (S.CONFERENCE, H.BACK, S.CONFERENCE, ()),
    (S.CONFERENCE, H.COMPLETE, S.COMPLETING, (E.HANG_UP_OPERATOR,)),
    (S.CONFERENCE, H.CANCEL, S.CONFERENCE, (E.HANG_UP_TARGET,)),
    (S.CONFERENCE, H.OPERATOR_GONE, S.COMPLETING, ()),
    (S.CONFERENCE, H.TARGET_GONE, S.CANCELLED, (E.TELL_END,)),
    (S.CONFERENCE, H.JOINED, S.DONE, (E.TELL_END,)),
    (S.CONFERENCE, H.CITIZEN_GONE, S.CANCELLED, (E.HANG_UP_TARGET, E.TELL_END)),
    (S.CONSULTING, H.CITIZEN_GONE, S.CANCELLED, (E.HANG_UP_TARGET, E.TELL_END)),
    (S.COMPLETING, H.OPERATOR_GONE, S.COMPLETING, ()),
    (S.COMPLETING, H.JOINED, S.DONE, (E.TELL_END,)),
    (S.COMPLETING, H.TARGET_GONE, S.CANCELLED, (E.TELL_END,)),
    (S.COMPLETING, H.BACK, S.CANCELLED, (E.TELL_END,)),
    (S.COMPLETING, H.CITIZEN_GONE, S.CANCELLED, (E.HANG_UP_TARGET, E.TELL_END)),
]


@pytest.mark.parametrize(("state", "happening", "after", "effects"), LEGAL, ids=str)
def test_step(state: TransferState, happening: Happening, after: TransferState, effects: tuple[Effect, ...]) -> None:
    moved, done = step(replace(START, state=state), happening)
    assert (moved.state, done) == (after, effects)


NAMED = {row[:2] for row in LEGAL}
REST = [(state, happening) for state in S for happening in H if (state, happening) not in NAMED]


@pytest.mark.parametrize(("state", "happening"), REST, ids=str)
def test_everything_else_is_refused_or_means_nothing(state: TransferState, happening: Happening) -> None:
    transfer = replace(START, state=state)
    if happening in {H.CANCEL, H.COMPLETE, H.JOIN}:
        with pytest.raises(IllegalStep):
            step(transfer, happening)
    else:
        assert step(transfer, happening) == (transfer, ())


GIVEN = [
    (S.STARTING, H.REDIRECTED, S.RINGING, ()),
    (S.STARTING, H.RANG, S.RINGING, ()),
    (S.STARTING, H.TARGET_GONE, S.REFUSED, (E.TELL_END,)),
    (S.STARTING, H.REDIRECT_FAILED, S.REFUSED, (E.TELL_END,)),
    (S.STARTING, H.CITIZEN_GONE, S.CANCELLED, (E.TELL_END,)),
    (S.RINGING, H.REDIRECTED, S.RINGING, ()),
    (S.RINGING, H.RANG, S.RINGING, ()),
    (S.RINGING, H.ANSWERED, S.COMPLETING, ()),
    (S.RINGING, H.TARGET_GONE, S.REFUSED, (E.TELL_END,)),
    (S.RINGING, H.JOINED, S.DONE, (E.TELL_END,)),
    (S.RINGING, H.CITIZEN_GONE, S.CANCELLED, (E.TELL_END,)),
    (S.COMPLETING, H.REDIRECTED, S.COMPLETING, ()),
    (S.COMPLETING, H.TARGET_GONE, S.CANCELLED, (E.TELL_END,)),
    (S.COMPLETING, H.JOINED, S.DONE, (E.TELL_END,)),
    (S.COMPLETING, H.CITIZEN_GONE, S.CANCELLED, (E.TELL_END,)),
]
GIVEN_AFTER = {row[:2]: row[2:] for row in GIVEN}


@pytest.mark.parametrize("kind", [kind for kind in TransferKind if kind is not TransferKind.WARM])
@pytest.mark.parametrize(("state", "happening"), [(s, h) for s in S for h in H], ids=str)
def test_step_of_a_citizen_who_is_given_away(kind: TransferKind, state: TransferState, happening: Happening) -> None:
    transfer = replace(START, state=state, kind=kind)
    if happening in {H.CANCEL, H.COMPLETE, H.JOIN}:
        with pytest.raises(IllegalStep):
            step(transfer, happening)
        return
    moved, effects = step(transfer, happening)
    assert (moved.state, effects) == GIVEN_AFTER.get((state, happening), (state, ()))


def test_final_states_stay() -> None:
    assert {state for state in S if state in FINAL} == {S.DONE, S.CANCELLED, S.REFUSED}


def test_cancelling_before_the_colleague_rings_hangs_him_up_when_he_does() -> None:
    moved, _ = step(START, H.REDIRECTED)
    moved, effects = step(moved, H.CANCEL)
    assert effects == (E.HANG_UP_TARGET,)
    assert moved.target is None
    moved, effects = step(moved, H.RANG, target="PJSIP/102-2")
    assert effects == (E.HANG_UP_TARGET,)
    assert moved.target == "PJSIP/102-2"
    moved, effects = step(moved, H.TARGET_GONE, reason="CANCEL")
    assert (moved.state, effects) == (S.CANCELLED, (E.TELL_END,))


def test_refusal_keeps_its_reason() -> None:
    moved, _ = step(replace(START, state=S.RINGING), H.TARGET_GONE, reason="BUSY")
    assert (moved.state, moved.reason) == (S.REFUSED, "BUSY")
