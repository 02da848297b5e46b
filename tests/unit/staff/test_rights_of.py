"""Where rights come from and how far somebody sees (S000-01, domain 2.2, 2.8, 2.11), without a database."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hotline.staff.model import Right
from hotline.staff.rights_of import Grant, RightLine, RoleRule, lines_of, may_say, read_said, said, sight_lines
from hotline.staff.rules import effective_rights
from hotline.staff.sight import Reach

TAKE, LISTEN = str(Right.CALL_TAKE), str(Right.CALL_LISTEN_ANY)
OPERATOR = RoleRule("op1", "Оператор", {TAKE: "allow"}, {"any": {"content": "organisation", "calls": "own"}})
TRAINEE = RoleRule("new", "Стажёр", {LISTEN: "deny"}, {"any": {"content": "own"}})
BOSS = RoleRule("boss", "Главный", {TAKE: "allow", LISTEN: "allow", "x.only_here": "allow"}, {
    "tfoms": {"decides": True, "content": "all", "calls": "all"}, "any": {"content": "organisation"},
})  # fmt: skip


def line(roles: list[RoleRule], own: dict[str, Grant], code: str) -> RightLine:
    return next(one for one in lines_of(roles, own) if one.code == code)


@pytest.mark.parametrize(
    ("roles", "own", "code", "holds", "allowed", "denied"),
    [
        pytest.param([OPERATOR, BOSS], {}, TAKE, True, ("Оператор", "Главный"), (), id="two roles allow"),
        pytest.param([TRAINEE, BOSS], {}, LISTEN, False, ("Главный",), ("Стажёр",), id="a role's denial wins"),
        pytest.param([BOSS], {LISTEN: Grant("deny")}, LISTEN, False, ("Главный",), (), id="a personal denial wins"),
        pytest.param([OPERATOR], {LISTEN: Grant("allow")}, LISTEN, True, (), (), id="allowed personally"),
        pytest.param([TRAINEE], {LISTEN: Grant("allow")}, LISTEN, False, (), ("Стажёр",), id="a role denies it still"),
        pytest.param([], {}, TAKE, False, (), (), id="nobody says anything"),
        pytest.param([BOSS], {}, "x.only_here", True, ("Главный",), (), id="a right of the profile's own"),
    ],
)
def test_where_a_right_comes_from(
    roles: list[RoleRule], own: dict[str, Grant], code: str, holds: bool, allowed: object, denied: object
) -> None:
    """Domain 2.2: deny wins; the page says what the session does."""
    found = line(roles, own, code)
    assert (found.holds, found.allowed_by, found.denied_by, found.own) == (holds, allowed, denied, own.get(code))
    grants = [*(pair for role in roles for pair in role.effects.items()), *((c, g.effect) for c, g in own.items())]
    assert {one.code for one in lines_of(roles, own) if one.holds} == effective_rights(grants)


def test_every_right_of_the_catalogue_has_a_line() -> None:
    """Domain 2.11."""
    assert {str(one) for one in Right} <= {one.code for one in lines_of([], {})}


@pytest.mark.parametrize(
    ("roles", "kind", "reach", "because", "decided"),
    [
        pytest.param([OPERATOR, TRAINEE], "tfoms", Reach.OWN, ("Стажёр",), False, id="the most restrictive"),
        pytest.param([OPERATOR, BOSS], "tfoms", Reach.ALL, ("Главный",), True, id="one decides"),
        pytest.param([OPERATOR, BOSS], "smo", Reach.ORGANISATION, ("Оператор", "Главный"), False, id="both alike"),
        pytest.param([], "smo", Reach.ORGANISATION, (), False, id="no role: the default"),
    ],
)
def test_how_far_somebody_sees_and_which_role_makes_it_so(
    roles: list[RoleRule], kind: str, reach: Reach, because: tuple[str, ...], decided: bool
) -> None:
    """Domain 2.8."""
    found = next(one for one in sight_lines(roles, kind) if one.part == "content")
    assert (found.reach, found.because_of, found.decided) == (reach, because, decided)


def test_an_insurers_administrator_gives_only_what_he_has() -> None:
    """Domain 2.8: rights do not grow by being handed out."""
    assert may_say(frozenset(), LISTEN, everywhere=True)
    assert may_say(frozenset({LISTEN}), LISTEN, everywhere=False)
    assert not may_say(frozenset(), LISTEN, everywhere=False)


@pytest.mark.parametrize(
    ("effect", "ends_at", "words"),
    [
        ("allow", None, "allow"),
        ("deny", datetime(2026, 12, 31, 21, tzinfo=UTC), "deny/2026-12-31T21:00:00+00:00"),
        ("", None, ""),
    ],
)
def test_what_was_said_is_written_with_its_end_and_read_again(
    effect: str, ends_at: datetime | None, words: str
) -> None:
    """S000-01: the history of a right tells for how long."""
    assert said(effect, ends_at) == words
    assert read_said(words) == (effect, ends_at)
    assert said("", datetime(2026, 12, 31, tzinfo=UTC)) == ""
