"""Who sees how far (domain 2.8, S000-72, S000-73): the profile's rules folded into one answer a user."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any

import pytest

from hotline.staff.sight import Reach, Sight, sight_of, sight_problem

RULES: dict[str, Any] = {
    role["code"]: role.get("sight", {})
    for role in tomllib.loads((files("hotline.profiles") / "oms" / "roles.toml").read_text(encoding="utf-8"))["role"]
}
OWN, ORG, ACTIVE, ALL, NONE = Reach.OWN, Reach.ORGANISATION, Reach.ACTIVE, Reach.ALL, Reach.NONE


@pytest.mark.parametrize(
    ("roles", "kind", "expected"),
    [
        # lists, headings, content, persons, calls
        pytest.param(["op1"], "tfoms", Sight(ORG, ACTIVE, ORG, ALL, OWN), id="operator of the fund"),
        pytest.param(["op2"], "tfoms", Sight(ORG, ACTIVE, ORG, ALL, OWN), id="level 2 of the fund"),
        pytest.param(["sp1"], "smo", Sight(ORG, NONE, ORG, ORG, OWN), id="representative sees his insurer"),
        pytest.param(["sp3"], "smo", Sight(ORG, NONE, ORG, ORG, OWN), id="level 3 as well"),
        pytest.param(["admin"], "tfoms", Sight(ALL, NONE, ALL, ALL, ALL), id="S000-73 administrator of the fund: all"),
        pytest.param(["admin"], "smo", Sight(ORG, NONE, ORG, ORG, ORG), id="administrator of an insurer: its own"),
        pytest.param(["supervisor"], "smo", Sight(ORG, NONE, ORG, ORG, ORG), id="supervisor: own centre"),
        pytest.param(["auditor"], "tfoms", Sight(NONE, NONE, NONE, NONE, NONE), id="auditor: no content"),
        pytest.param(["op1", "auditor"], "tfoms", Sight(NONE, NONE, NONE, NONE, NONE), id="most restrictive wins"),
        pytest.param(
            ["admin", "op1"], "tfoms", Sight(ALL, NONE, ALL, ALL, ALL), id="but the fund's administrator decides"
        ),
        pytest.param(["admin", "op1"], "smo", Sight(ORG, NONE, ORG, ORG, OWN), id="an insurer's does not"),
        pytest.param([], "tfoms", Sight(), id="no role: the cautious default"),
    ],
)
def test_how_far_one_sees(roles: list[str], kind: str, expected: Sight) -> None:
    assert sight_of([RULES[role] for role in roles], kind) == expected


def test_each_reach_covers_those_before_it() -> None:
    order = list(Reach)
    for place, reach in enumerate(order):
        assert [reach.covers(other) for other in order] == [at <= place for at in range(len(order))]


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        pytest.param({"tfoms": {"calls": "all"}}, None, id="good"),
        pytest.param({"any": {"calls": "everything"}}, "sight.any.calls = 'everything' is unknown", id="word"),
        pytest.param({"any": {"phones": "all"}}, "sight.any: phones is unknown", id="name"),
    ],
)
def test_a_profile_with_a_wrong_rule_is_refused(rule: dict[str, Any], problem: str | None) -> None:
    assert sight_problem(rule) == problem
