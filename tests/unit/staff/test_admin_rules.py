"""Decisions of administering people, without a database (S000-01, domain 2.8, 2.11)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotline.staff.admin_model import OrganisationForm, PersonForm
from hotline.staff.admin_rules import (
    above,
    clean_effects,
    difference,
    manages,
    organisation_problems,
    person_problems,
    rights_after,
)
from hotline.staff.model import Organisation, User

FUND = Organisation(1, "07", "tfoms", "Фонд", "ТФОМС")
INSURER = Organisation(2, "07001", "smo", "СМО", "СМО")
GOOD = PersonForm("anna.p", "Первая", "Анна", "", "1", "101", frozenset({"op1"}))
PLACE = OrganisationForm("07002", "smo", "СМО два", "СМО-2", time_zone="Asia/Omsk")


def user(organisation: Organisation) -> User:
    return User(1, "x", "Х", "Х", "", organisation, None)


@pytest.mark.parametrize(
    ("own", "whose", "allowed"),
    [
        pytest.param(FUND, INSURER.id, True, id="the fund administers everybody"),
        pytest.param(INSURER, INSURER.id, True, id="an insurer its own people"),
        pytest.param(INSURER, FUND.id, False, id="an insurer not the fund's"),
    ],
)
def test_whom_an_administrator_administers(own: Organisation, whose: int, allowed: bool) -> None:
    assert manages(user(own), whose) is allowed


@pytest.mark.parametrize(
    ("form", "wrong"),
    [
        pytest.param(GOOD, set(), id="good"),
        pytest.param(replace(GOOD, extension=""), set(), id="no telephone"),
        pytest.param(replace(GOOD, login="Анна"), {"login"}, id="login not Latin"),
        pytest.param(replace(GOOD, login="a" * 61), {"login"}, id="login too long"),
        pytest.param(replace(GOOD, last_name="я" * 101), {"last_name"}, id="name too long"),
        pytest.param(replace(GOOD, extension="１０１"), {"extension"}, id="digits of another script"),
        pytest.param(replace(GOOD, extension="1"), {"extension"}, id="number too short"),
        pytest.param(replace(GOOD, roles=frozenset({"op1", "king"})), {"roles"}, id="a role that nobody made"),
        pytest.param(PersonForm(), {"login", "last_name", "first_name", "roles"}, id="nothing filled in"),
    ],
)
def test_what_is_wrong_with_an_account(form: PersonForm, wrong: set[str]) -> None:
    assert set(person_problems(form, ["op1", "op2"])) == wrong


@pytest.mark.parametrize(
    ("form", "wrong"),
    [
        pytest.param(PLACE, set(), id="good"),
        pytest.param(replace(PLACE, code="07/2"), {"code"}, id="a sign that numbers of appeals cannot have"),
        pytest.param(replace(PLACE, kind="bank"), {"kind"}, id="unknown kind"),
        pytest.param(replace(PLACE, time_zone="Asia/Nowhere"), {"time_zone"}, id="unknown zone"),
        pytest.param(OrganisationForm(), {"code", "name", "short_name", "kind"}, id="nothing filled in"),
    ],
)
def test_what_is_wrong_with_an_organisation(form: OrganisationForm, wrong: set[str]) -> None:
    assert set(organisation_problems(form)) == wrong


def test_the_preview_knows_that_a_denial_wins() -> None:
    """Domain 2.11: deny wins over any number of allows, from another role and from the person's own grants."""
    grants = {"op1": {"call.take": "allow"}, "sup": {"call.take": "allow", "queue.manage": "allow"}}
    before, after = rights_after(grants, {}, "op1", {"call.take": "deny"})
    assert (before, after) == (frozenset({"call.take", "queue.manage"}), frozenset({"queue.manage"}))
    before, after = rights_after(grants, {"queue.manage": "deny"}, "op1", {"queue.manage": "allow"})
    assert "queue.manage" not in before | after


def test_what_a_form_sends_is_not_believed() -> None:
    assert clean_effects({"a": "allow", "b": "", "c": "root", "d": "deny"}) == {"a": "allow", "d": "deny"}


def test_only_what_differs_is_history() -> None:
    assert difference({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}) == ({"b": 2, "c": None}, {"b": 3, "c": 4})


def test_a_circle_of_organisations_is_walked_once() -> None:
    assert above({1: 2, 2: 3, 3: 1}, 1) == [1, 2, 3]
    assert above({1: None}, 1) == [1]
