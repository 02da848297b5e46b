"""Domain 2.3: every phase against every trigger, for everybody; nothing moves that the table does not hold."""

from __future__ import annotations

import itertools

import pytest

from hotline.journal.model import Phase
from hotline.journal.workflow import MOVES, Actor, IllegalMoveError, Owner, Trigger, Who, decide, may_edit, possible

ALL_RIGHTS = frozenset({"appeal.create", "appeal.forward", "appeal.accept", "appeal.edit_own", "appeal.edit_any"})
LEGAL = {
    (Phase.DRAFT, Trigger.SAVE): (Phase.ACTIVE, {Who.CREATOR}),
    (Phase.ACTIVE, Trigger.FORWARD): (Phase.INCOMING, {Who.OWNER, Who.ADMIN}),
    (Phase.REWORK, Trigger.FORWARD): (Phase.INCOMING, {Who.OWNER, Who.ADMIN}),
    (Phase.ACTIVE, Trigger.HAND_OVER): (Phase.ACTIVE, {Who.OWNER}),
    (Phase.REWORK, Trigger.HAND_OVER): (Phase.ACTIVE, {Who.OWNER}),
    (Phase.INCOMING, Trigger.ACCEPT): (Phase.ACTIVE, {Who.TARGET}),
    (Phase.INCOMING, Trigger.RECALL): (Phase.ACTIVE, {Who.OWNER}),
    (Phase.INCOMING, Trigger.DECLINE): (Phase.ACTIVE, {Who.TARGET}),
}


def actor(*who: Who, rights: frozenset[str] = ALL_RIGHTS) -> Actor:
    return Actor(frozenset(who), rights)


@pytest.mark.parametrize(("phase", "trigger", "who"), list(itertools.product(Phase, Trigger, Who)))
def test_every_move(phase: Phase, trigger: Trigger, who: Who) -> None:
    to, by = LEGAL.get((phase, trigger), (None, set()))
    if who in by:
        assert decide(phase, trigger, actor(who), comment="why").to is to
        assert trigger in possible(phase, actor(who))
        return
    with pytest.raises(IllegalMoveError) as error:
        decide(phase, trigger, actor(who), comment="why")
    assert error.value.reason == ("role" if to else "phase")
    assert trigger not in possible(phase, actor(who))


def test_the_table_of_the_test_is_complete() -> None:
    assert set(LEGAL) == set(MOVES)


@pytest.mark.parametrize(("phase", "trigger"), list(LEGAL))
def test_every_move_needs_its_right(phase: Phase, trigger: Trigger) -> None:
    who = actor(*LEGAL[phase, trigger][1], rights=ALL_RIGHTS - {MOVES[phase, trigger].right})
    with pytest.raises(IllegalMoveError) as error:
        decide(phase, trigger, who, comment="why")
    assert error.value.reason == "right"


def test_declining_needs_a_comment() -> None:
    with pytest.raises(IllegalMoveError) as error:
        decide(Phase.INCOMING, Trigger.DECLINE, actor(Who.TARGET), comment="  ")
    assert error.value.reason == "comment"


def test_who_owns_it_afterwards() -> None:
    """T4 keeps the owner until T5; the warm transfer changes him at once."""
    assert MOVES[Phase.ACTIVE, Trigger.FORWARD].owner is Owner.KEPT
    assert MOVES[Phase.ACTIVE, Trigger.FORWARD].sets_target
    assert MOVES[Phase.INCOMING, Trigger.ACCEPT].owner is Owner.ACTOR
    assert MOVES[Phase.ACTIVE, Trigger.HAND_OVER].owner is Owner.TARGET


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("who", list(Who))
def test_who_may_edit(phase: Phase, who: Who) -> None:
    """Domain 2.7, profile oms: the owner while he works on it, the administrator until it is deleted."""
    owners = {Phase.ACTIVE, Phase.CALLBACK, Phase.REWORK, Phase.PENDING}
    expected = (who is Who.OWNER and phase in owners) or (who is Who.ADMIN and phase is not Phase.DELETED)
    assert may_edit(phase, actor(who)) is expected


def test_without_the_right_nobody_edits() -> None:
    assert not may_edit(Phase.ACTIVE, actor(Who.OWNER, Who.ADMIN, rights=frozenset()))
