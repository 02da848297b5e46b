"""Who sees and who sets the restriction of an appeal (S003-110, domain 2.8), without a database."""

from __future__ import annotations

import pytest

from hotline.journal.restriction import Restriction, choices, sees_contacts, sees_content
from hotline.staff.model import Organisation, Right, User

FUND = Organisation(1, "07", "tfoms", "Фонд", "ТФОМС")
NO, CONTACTS, PROFILE, OPERATOR = Restriction
OPERATOR_RIGHTS = (Right.APPEAL_CREATE, Right.APPEAL_EDIT_OWN)


def user(*rights: str) -> User:
    return User(1, "x", "Х", "Х", "", FUND, None, permissions=frozenset(rights))


@pytest.mark.parametrize(
    ("rights", "works", "content", "contacts"),
    [
        pytest.param(OPERATOR_RIGHTS, False, {NO, CONTACTS}, {NO}, id="a colleague"),
        pytest.param(OPERATOR_RIGHTS, True, set(Restriction), set(Restriction), id="who works on it"),
        pytest.param(
            [Right.APPEAL_VIEW_RESTRICTED], False, {NO, CONTACTS, PROFILE}, {NO, CONTACTS, PROFILE}, id="a holder"
        ),
        pytest.param([Right.APPEAL_RESTRICT], False, set(Restriction), set(Restriction), id="who may lift it"),
        pytest.param(
            [Right.APPEAL_EDIT_ANY], False, {NO, CONTACTS}, set(Restriction), id="who edits saves what he sees"
        ),
        pytest.param([], False, {NO, CONTACTS}, {NO}, id="a reader"),
    ],
)
def test_who_sees_what(rights: list[str], works: bool, content: set[str], contacts: set[str]) -> None:
    """S003-110: the operator, or holders of the right; the heading for the others."""
    reader = user(*rights)
    assert {one for one in Restriction if sees_content(reader, one, works=works)} == content
    assert {one for one in Restriction if sees_contacts(reader, one, works=works)} == contacts


@pytest.mark.parametrize(
    ("rights", "now", "owner", "own", "offered"),
    [
        pytest.param(OPERATOR_RIGHTS, NO, True, False, (CONTACTS, PROFILE, OPERATOR), id="the citizen asks him"),
        pytest.param(OPERATOR_RIGHTS, PROFILE, True, False, (OPERATOR,), id="another's is only made stricter"),
        pytest.param(OPERATOR_RIGHTS, PROFILE, True, True, (NO, CONTACTS, OPERATOR), id="his own he takes back"),
        pytest.param(OPERATOR_RIGHTS, NO, False, False, (), id="not in his hands"),
        pytest.param([Right.APPEAL_VIEW_RESTRICTED], PROFILE, True, True, (), id="seeing is not setting"),
        pytest.param([Right.APPEAL_RESTRICT], OPERATOR, False, False, (NO, CONTACTS, PROFILE), id="the administrator"),
    ],
)
def test_who_may_set_it(
    rights: list[str], now: Restriction, owner: bool, own: bool, offered: tuple[Restriction, ...]
) -> None:
    """S003-110."""
    assert choices(user(*rights), now, owner=owner, own_restriction=own) == offered
