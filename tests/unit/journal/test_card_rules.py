"""Pure rules around a card: complaint, lock, links, answers (S000-59…62, S001-052, S001-058, DAY-39, domain 2.7)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from hotline.errors import BadInput, Conflict
from hotline.journal import duplicates, links, script_use
from hotline.journal.complaint import Complaint, money, refund_problems
from hotline.journal.links import LinkKind
from hotline.journal.lock_rules import LAPSES, Decision, Holder, Lock, decide
from hotline.journal.script_use import Fact, fill, parse_uses

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
ANNA, OTHER_TAB, BORIS = Holder(1, "a"), Holder(1, "b"), Holder(2, "c")

SUMS = {
    "1500": "1500",
    "1500,50": "1500.50",
    "1 500,5": "1500.5",
    "12\u00a0345\u00a0678.90": "12345678.90",
    "0": "0",
    "": None,
    "-5": None,
    "1.500,00": None,
    "1 50": None,
    "1e9": None,
    "١٢": None,
    "12.345": None,
    "9999999999999": None,
    "много": None,
}


@pytest.mark.parametrize(("text", "value"), SUMS.items())
def test_a_sum_is_roubles_and_kopecks(text: str, value: str | None) -> None:
    """S000-62: never negative, never guessed."""
    assert money(text) == (None if value is None else Decimal(value))


def test_a_refund_has_date_sum_and_organisation() -> None:
    """S000-62."""
    whole = Complaint(refund_date=date(2026, 11, 1), refund_sum=Decimal(10), refund_org="СМО")
    assert refund_problems(Complaint()) == {}
    assert refund_problems(whole) == {}
    assert refund_problems(Complaint(refund_sum=Decimal(0))) == {"refund_date": "required", "refund_org": "required"}


LOCKS = {
    "free": (None, ANNA, False, False, Decision(granted=True)),
    "mine is renewed": (Lock(ANNA, NOW), ANNA, False, False, Decision(granted=True)),
    "somebody else's": (Lock(BORIS, NOW), ANNA, False, False, Decision(granted=False)),
    "insisting does not help": (Lock(BORIS, NOW), ANNA, True, False, Decision(granted=False)),
    "my other tab": (Lock(OTHER_TAB, NOW), ANNA, False, False, Decision(granted=False, may_take=True)),
    "my other tab, wanted here": (Lock(OTHER_TAB, NOW), ANNA, True, False, Decision(granted=True, may_take=True)),
    "an administrator may": (Lock(BORIS, NOW), ANNA, False, True, Decision(granted=False, may_take=True)),
    "an administrator does": (Lock(BORIS, NOW), ANNA, True, True, Decision(granted=True, may_take=True)),
    "lapsed": (Lock(BORIS, NOW - LAPSES), ANNA, False, False, Decision(granted=True)),
    "not lapsed yet": (
        Lock(BORIS, NOW - LAPSES + timedelta(seconds=1)), ANNA, False, False, Decision(granted=False),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("lock", "asks", "insists", "admin", "made"), LOCKS.values(), ids=LOCKS)
def test_who_edits(lock: Lock | None, asks: Holder, insists: bool, admin: bool, made: Decision) -> None:
    """Domain 2.7: a soft lock of 60 s."""
    assert decide(lock, asks, NOW, insists=insists, admin=admin) == made


def test_links_of_a_card() -> None:
    """S001-058."""
    assert links.parse("") == {}
    assert links.parse("12:repeat 15:dissatisfied 12:duplicate") == {12: LinkKind.DUPLICATE, 15: LinkKind.DISSATISFIED}
    for rubbish in ("12", "12:because", "x:repeat", "-1:repeat", f"{10**18}:repeat", "² :repeat"):
        with pytest.raises(BadInput):
            links.parse(rubbish)
    with pytest.raises(BadInput):
        links.parse(" ".join(f"{number}:repeat" for number in range(1, 60)))


def test_answers_of_a_card() -> None:
    """DAY-39: code and version."""
    assert parse_uses("SC03@1 SC05@12") == {"SC03": 1, "SC05": 12}
    for rubbish in ("SC03", "SC03@", "SC03@x", "'; DROP@1", "SC03@1234567"):
        with pytest.raises(BadInput):
            parse_uses(rubbish)


def test_variables_of_an_answer() -> None:
    """S001-052: what is known is filled in, the caller's is left to the page, the rest is a blank."""
    variables = {"организация": "@organisation", "имя": "@operator", "заявитель": "@applicant", "срок": "30 дней"}
    facts: dict[str, str] = {Fact.ORGANISATION: "ТФОМС", Fact.OPERATOR: "Анна"}
    found = fill("{организация}, {имя}: {заявитель}, {срок}, {пункты}, {пункты}", variables, facts)
    assert found.text == "ТФОМС, Анна: {заявитель}, 30 дней, {пункты}, {пункты}"
    assert found.caller == {"заявитель": "applicant"}
    assert found.blanks == ("пункты",)


def test_a_variable_is_never_filled_from_another_one() -> None:
    """S001-052: a name with braces in it stays text."""
    found = fill("{имя}", {"имя": "@operator"}, {Fact.OPERATOR: "{организация}"})
    assert (found.text, found.blanks) == ("{организация}", ())


def test_who_wants_to_be_asked_about_duplicates() -> None:
    """DAY-23."""
    assert duplicates.seen("") is None
    assert duplicates.seen("12") is None
    assert duplicates.seen("ask") == frozenset()
    assert duplicates.seen("ask 12 15 x") == frozenset({12, 15})


def test_a_duplicate_is_asked_about_until_it_was_seen() -> None:
    """DAY-23, DAY-25."""
    one = duplicates.Duplicate(7, "07-1", 1, duplicates.Likeness.TOPIC, "Полис", "В работе", "Иванова А.", NOW)
    assert duplicates.require_new([], frozenset()) == ()
    assert duplicates.require_new([one], None) == ("possible-duplicate",)
    assert duplicates.require_new([one], frozenset({7})) == ()
    with pytest.raises(Conflict) as refused:
        duplicates.require_new([one], frozenset({8}))
    assert refused.value.error_id == "possible-duplicate"


def test_script_use_bounds() -> None:
    """DAY-39."""
    with pytest.raises(BadInput):
        parse_uses(" ".join(f"S{number}@1" for number in range(script_use.MAX_USES + 1)))
