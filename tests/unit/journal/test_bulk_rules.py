"""What an action on many appeals would do to each (S000-77, S000-78, DAY-38), with the process that oms really has."""

from __future__ import annotations

import pytest

from hotline.journal.bulk_rules import RIGHTS, TRIGGERS, BulkAction, Planned, plan
from hotline.journal.model import Phase
from hotline.journal.process import build
from hotline.journal.process_model import Actor, Facts, Who
from hotline.profiles.loader import read_profile
from hotline.staff.model import Right

OMS = read_profile("oms")
PROCESS = build(OMS)
ADMIN = Actor(frozenset({Who.ADMIN}), frozenset(next(role for role in OMS["role"] if role["code"] == "admin")["allow"]))
OWNER = Actor(frozenset({Who.OWNER}), frozenset({Right.APPEAL_CLOSE}))


@pytest.mark.parametrize(
    ("action", "status", "phase", "trigger", "needs"),
    [
        (BulkAction.APPROVE, "review", Phase.REVIEW, "final_close", set()),
        (BulkAction.APPROVE, "extension", Phase.REVIEW, "approve_extension", set()),
        (BulkAction.RETURN, "review", Phase.REVIEW, "return", {"comment"}),
        (BulkAction.RETURN, "extension", Phase.REVIEW, "refuse_extension", {"comment"}),
        (BulkAction.EXTEND, "extension", Phase.REVIEW, "approve_extension", set()),
        (BulkAction.EXTEND, "in_work", Phase.ACTIVE, "extend", {"date", "comment"}),
        (BulkAction.EXTEND, "rework", Phase.REWORK, "extend", {"date", "comment"}),
        (BulkAction.REASSIGN, "in_work", Phase.ACTIVE, "reassign", {"target", "comment"}),
        (BulkAction.DELETE, "closed", Phase.CLOSED, "delete", {"comment"}),
        (BulkAction.RESTORE, "deleted", Phase.DELETED, "restore", set()),
    ],
)
def test_what_is_done(action: BulkAction, status: str, phase: Phase, trigger: str, needs: set[str]) -> None:
    found = plan(PROCESS, Facts(phase, status), ADMIN, action)
    assert (found.trigger, set(found.needs), found.problem) == (trigger, needs, "")


@pytest.mark.parametrize(
    ("action", "status", "phase"),
    [
        (BulkAction.APPROVE, "in_work", Phase.ACTIVE),
        (BulkAction.RETURN, "closed", Phase.CLOSED),
        (BulkAction.EXTEND, "closed", Phase.CLOSED),
        (BulkAction.EXTEND, "deleted", Phase.DELETED),
        (BulkAction.REASSIGN, "review", Phase.REVIEW),
        (BulkAction.DELETE, "deleted", Phase.DELETED),
        (BulkAction.RESTORE, "review", Phase.REVIEW),
    ],
)
def test_what_is_refused(action: BulkAction, status: str, phase: Phase) -> None:
    assert plan(PROCESS, Facts(phase, status), ADMIN, action) == Planned(problem="phase")


@pytest.mark.parametrize("action", BulkAction)
def test_nobody_but_the_administrator_does_any_of_it(action: BulkAction) -> None:
    for status in PROCESS.statuses.values():
        found = plan(PROCESS, Facts(status.phase, status.code), OWNER, action)
        assert found.trigger == ""
        assert found.problem in {"phase", "role"}


def test_without_the_right_an_administrator_does_not_extend() -> None:
    bare = Actor(ADMIN.who, ADMIN.rights - {Right.APPEAL_EXTEND})
    assert plan(PROCESS, Facts(Phase.ACTIVE, "in_work"), bare, BulkAction.EXTEND) == Planned(problem="right")


def test_every_action_has_its_moves_and_its_right() -> None:
    triggers = {one.trigger for one in PROCESS.transitions}
    assert set(TRIGGERS) == set(RIGHTS) == set(BulkAction)
    assert {one for moves in TRIGGERS.values() for one in moves} <= triggers
    assert set(RIGHTS.values()) <= set(Right)
