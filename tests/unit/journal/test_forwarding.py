"""The whole matrix of domain 2.4, with the rules that profile oms really loads."""

from __future__ import annotations

import itertools

import pytest

from hotline.journal.forwarding import ForwardRule, Kind, Party, may_forward
from hotline.journal.model import Form
from hotline.profiles.loader import forwarding, read_profile

RULES = tuple(
    ForwardRule(
        **{
            **row,
            "kind": Kind(row.get("kind", "forward")),
            "form": Form(row["form"]) if "form" in row else None,
        }
    )
    for row in forwarding(read_profile("oms"))
)
LEVELS = ("op1", "op2", "sp1", "sp2", "sp3")
ALLOWED = {
    ("op1", "op2"): "both",
    ("op1", "sp1"): "both",
    ("op1", "sp2"): "both",
    ("sp1", "sp2"): "both",
    ("sp1", "sp3"): "both",
    ("sp2", "op2"): "written",
    ("sp2", "sp3"): "both",
}


def somebody(user_id: int, *roles: str, organisation: int = 1, active: bool = True) -> Party:
    return Party(user_id, frozenset(roles), organisation, active)


@pytest.mark.parametrize("form", list(Form))
@pytest.mark.parametrize(("sender", "target"), list(itertools.product(LEVELS, LEVELS)))
def test_matrix(sender: str, target: str, form: Form) -> None:
    verdict = may_forward(somebody(1, sender), somebody(2, target, organisation=2), form, RULES)
    expected = ALLOWED.get((sender, target)) in {"both", form.value}
    assert (verdict.allowed, verdict.reason) == (expected, "" if expected else "matrix")


def test_any_role_of_either_side_will_do() -> None:
    assert may_forward(somebody(1, "quality", "op1"), somebody(2, "admin", "op2"), Form.ORAL, RULES).allowed


@pytest.mark.parametrize(
    ("target", "reason"),
    [(somebody(1, "op2"), "same-user"), (somebody(2, "op2", active=False), "inactive"), (somebody(2), "matrix")],
)
def test_whom_nothing_can_be_given_to(target: Party, reason: str) -> None:
    verdict = may_forward(somebody(1, "op1"), target, Form.ORAL, RULES)
    assert (verdict.allowed, verdict.reason) == (False, reason)


@pytest.mark.parametrize(
    ("organisation", "allowed"),
    [pytest.param(1, True, id="colleague"), pytest.param(2, False, id="other-house")],
)
@pytest.mark.parametrize("role", ["op2", "sp2", "sp3"])
def test_an_answer_may_be_deferred_to_a_colleague_of_the_same_level(
    role: str, organisation: int, allowed: bool
) -> None:
    """Q14."""
    sender, target = somebody(1, role), somebody(2, role, organisation=organisation)
    assert may_forward(sender, target, Form.ORAL, RULES, kind=Kind.DEFER).allowed is allowed
    assert not may_forward(sender, target, Form.ORAL, RULES, kind=Kind.FORWARD).allowed


def test_deferral_obeys_the_matrix_too() -> None:
    assert may_forward(somebody(1, "op1"), somebody(2, "op2"), Form.ORAL, RULES, kind=Kind.DEFER).allowed


@pytest.mark.parametrize(
    ("reason_given", "reason"), [pytest.param(False, "needs-reason", id="silent"), pytest.param(True, "", id="said")]
)
def test_the_administrator_reassigns_with_a_reason(reason_given: bool, reason: str) -> None:
    verdict = may_forward(
        somebody(1, "admin"), somebody(2, "op1"), Form.ORAL, RULES, kind=Kind.REASSIGN, reason_given=reason_given
    )
    assert verdict.reason == reason


def test_the_switch_lets_sp1_forward_to_op2() -> None:
    """Q1: seed 000 forbids it, seed 001 suggests it; ``settings.process.sp1_to_op2`` decides."""
    oms = read_profile("oms")
    settings = {**oms["settings"], "process": {**oms["settings"]["process"], "sp1_to_op2": True}}
    pairs = [
        {(row["from_role"], row["to_role"]) for row in forwarding(content)}
        for content in (oms, {**oms, "settings": settings})
    ]
    assert [("sp1", "op2") in found for found in pairs] == [False, True]
