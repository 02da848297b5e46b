"""What somebody sees of an appeal, and why (domain 2.8, S000-72…S000-74, S003-110), without a database."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotline.journal.sight_of_appeal import Facts, Outcome, Why, explain
from hotline.staff.model import Organisation, Right, User
from hotline.staff.sight import Reach, Sight

OPERATOR = User(
    1, "x", "Х", "Х", "", Organisation(1, "07", "tfoms", "Фонд", "ТФОМС"), None,
    permissions=frozenset({Right.APPEAL_CREATE, Right.APPEAL_EDIT_OWN}), sight=Sight(headings=Reach.ACTIVE),
)  # fmt: skip
BOSS = replace(OPERATOR, permissions=frozenset({Right.APPEAL_VIEW_ALL}), sight=Sight(content=Reach.ALL))
AUDITOR = replace(OPERATOR, permissions=frozenset({Right.AUDIT_VIEW}))
OWN = Facts(
    visible=True, readable=True, works=False, organisation=True, is_open=True, topic_restricted=False, restriction="no"
)
FOREIGN = replace(OWN, readable=False, organisation=False)


@pytest.mark.parametrize(
    ("user", "facts", "outcome", "why"),
    [
        pytest.param(OPERATOR, OWN, Outcome.WHOLE, (Why.ORGANISATION,), id="a colleague's"),
        pytest.param(OPERATOR, replace(OWN, works=True), Outcome.WHOLE, (Why.WORKS,), id="his own"),
        pytest.param(OPERATOR, FOREIGN, Outcome.HEADING, (Why.BEYOND, Why.IN_WORK), id="an insurer's in work"),
        pytest.param(OPERATOR, replace(FOREIGN, visible=False), Outcome.NOTHING, (Why.BEYOND,), id="closed there"),
        pytest.param(
            OPERATOR, replace(OWN, readable=False, topic_restricted=True), Outcome.HEADING, (Why.TOPIC,), id="topic"
        ),
        pytest.param(
            OPERATOR, replace(OWN, readable=False, restriction="operator"), Outcome.HEADING, (Why.RESTRICTED,),
            id="restricted",
        ),
        pytest.param(
            OPERATOR, replace(OWN, restriction="contacts"), Outcome.MASKED, (Why.ORGANISATION, Why.RESTRICTED),
            id="contacts restricted",
        ),
        pytest.param(BOSS, replace(FOREIGN, readable=True), Outcome.MASKED, (Why.REACH, Why.MASKS), id="a supervisor"),
        pytest.param(AUDITOR, OWN, Outcome.NOTHING, (Why.NO_APPEALS,), id="an auditor"),
    ],
)  # fmt: skip
def test_what_is_seen_and_why(user: User, facts: Facts, outcome: Outcome, why: tuple[Why, ...]) -> None:
    """Domain 2.8."""
    assert explain(user, facts) == (outcome, why)
