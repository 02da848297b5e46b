"""Domain 2.3: every status against every trigger of profile oms, for everybody; nothing moves that no row allows."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hotline.journal.model import Form, Phase
from hotline.journal.process import build
from hotline.journal.process_model import SAVE, Ask, Clause, Condition, EffectKind, ResultFacts, Transition
from hotline.journal.workflow import (
    Actor,
    Facts,
    Given,
    IllegalMoveError,
    Who,
    asked,
    choose,
    decide,
    destination,
    holds,
    may_edit,
    missing,
    possible,
    sampled,
    starts_from,
)
from hotline.profiles.loader import read_profile

OMS = build(read_profile("oms"))
RIGHTS = frozenset(one.right for one in OMS.transitions) | {"appeal.edit_own", "appeal.edit_any"}
TRIGGERS = sorted({one.trigger for one in OMS.transitions})
DUE = datetime(2026, 12, 20, 20, 59, 59, tzinfo=UTC)
COMPLETE = Given(
    comment="why",
    result=ResultFacts("R"),
    measures="done",
    target=True,
    due_at=DUE + timedelta(days=5),
    written_close_date=DUE.date(),
    link=True,
    organisation="elsewhere",
    notice=True,
    justified="yes",
)
# A number that is drawn for the review, and one that is not.
DRAWN = next(str(number) for number in range(1000) if sampled(str(number), 5))
NOT_DRAWN = next(str(number) for number in range(1000) if not sampled(str(number), 5))


def actor(*who: Who, rights: frozenset[str] = RIGHTS) -> Actor:
    return Actor(frozenset(who), rights)


def facts(status: str, *, consultation: bool = False, number: str = NOT_DRAWN, form: Form = Form.ORAL) -> Facts:
    phase = OMS.statuses[status].phase if status else Phase.DRAFT
    return Facts(phase, status, number, form, consultation=consultation, due_at=DUE)


def expected(case: Facts, trigger: str, who: Actor) -> Transition | None:
    """Read the profile's rows naively: the first of the trigger that everything about allows."""
    for row in OMS.transitions:
        if (
            row.trigger == trigger
            and (case.phase in row.phases or case.status in row.statuses)
            and row.who & who.who
            and row.right in who.rights
            and all(holds(OMS, case, who, clause) for clause in row.when)
        ):
            return row
    return None


@pytest.mark.parametrize("who", list(Who))
@pytest.mark.parametrize(("status", "trigger"), list(itertools.product(["", *OMS.statuses], TRIGGERS)))
def test_every_move(status: str, trigger: str, who: Who) -> None:
    """Allowed and refused, for a complaint and a consultation, with all rights and with those of level 1."""
    for consultation, rights in itertools.product((False, True), (RIGHTS, RIGHTS - {"appeal.close"})):
        case, person = facts(status, consultation=consultation), actor(who, rights=rights)
        wanted = expected(case, trigger, person)
        offered = {one.trigger: one for one in possible(OMS, case, person)}
        if wanted is not None:
            assert decide(OMS, case, trigger, person, COMPLETE) is wanted
            assert offered[trigger] is wanted
            continue
        with pytest.raises(IllegalMoveError) as error:
            decide(OMS, case, trigger, person, COMPLETE)
        assert error.value.reason in {"phase", "role", "right", "condition"}
        assert trigger not in offered


# What domain 2.3 says, written down apart from the profile: (status, trigger) -> (status, who).
DOMAIN = {
    ("", "save"): ("in_work", {Who.CREATOR}),  # T2
    ("in_work", "forward"): ("incoming", {Who.OWNER}),  # T4
    ("rework", "forward"): ("incoming", {Who.OWNER}),
    ("in_work", "hand_over"): ("in_work", {Who.OWNER}),
    ("rework", "hand_over"): ("in_work", {Who.OWNER}),
    ("incoming", "accept"): ("in_work", {Who.TARGET, Who.GROUP}),  # T5
    ("incoming", "recall"): ("in_work", {Who.OWNER}),  # T5b
    ("incoming", "decline"): ("in_work", {Who.TARGET, Who.GROUP}),
    **{(status, "reassign"): ("incoming", {Who.ADMIN}) for status in ("incoming", "in_work", "deferred", "rework")},
    ("in_work", "defer"): ("deferred", {Who.OWNER}),  # T6
    ("rework", "defer"): ("deferred", {Who.OWNER}),
    ("deferred", "contacted"): ("in_work", {Who.OWNER}),  # T7
    **{(status, "close"): ("review", {Who.OWNER}) for status in ("in_work", "deferred", "rework")},  # T8
    **{(status, "ask_extension"): ("extension", {Who.OWNER}) for status in ("in_work", "deferred", "rework")},  # T9
    ("extension", "approve_extension"): ("in_work", {Who.ADMIN}),  # T10
    ("extension", "refuse_extension"): ("in_work", {Who.ADMIN}),
    ("review", "return"): ("rework", {Who.ADMIN}),  # T11
    ("review", "final_close"): ("closed", {Who.ADMIN}),  # T12
    ("closed", "reopen"): ("rework", {Who.ADMIN}),  # T21
    ("consultation_given", "reopen"): ("rework", {Who.ADMIN}),
    **{(status, "delete"): ("deleted", {Who.ADMIN}) for status in set(OMS.statuses) - {"deleted"}},  # T13
    ("deleted", "restore"): ("in_work", {Who.ADMIN}),
    **{(one, "remark"): (one, {Who.ADMIN}) for one in set(OMS.statuses) - {"deleted"}},  # S000-74
    **{(one, "extend"): (one, {Who.ADMIN}) for one in ("incoming", "in_work", "deferred", "rework")},  # S000-76
}


@pytest.mark.parametrize(("status", "trigger"), list(itertools.product(["", *OMS.statuses], TRIGGERS)))
def test_profile_oms_is_the_table_of_the_domain(status: str, trigger: str) -> None:
    to, allowed = DOMAIN.get((status, trigger), ("", set()))
    found = {who for who in Who if expected(facts(status), trigger, actor(who))}
    assert found == allowed
    if to:
        row = choose(OMS, facts(status), trigger, actor(*allowed))
        assert destination(OMS, row, facts(status), before="in_work").code == to


@pytest.mark.parametrize("row", OMS.transitions, ids=lambda row: row.code)
def test_every_transition_needs_its_right_and_what_it_asks_for(row: Transition) -> None:
    status = next(iter(row.statuses or {one.code for one in OMS.statuses.values() if one.phase in row.phases}), "")
    case = replace(
        facts(status, consultation=True, form=Form.WRITTEN), phase=OMS.statuses[status].phase if status else Phase.DRAFT
    )
    assert starts_from(OMS, row, case)
    with pytest.raises(IllegalMoveError) as error:
        choose(OMS, case, row.trigger, actor(*row.who, rights=frozenset()))
    assert error.value.reason == "right"
    asks = {Ask(clause.word) for clause in row.asks}
    asks.discard(Ask.JUSTIFIED)
    wrong = missing(row, case, Given())
    assert len(wrong) == len(asks | ({Ask.COMMENT} if Ask.CONTACT in asks else set())) - (Ask.CONTACT in asks)
    assert missing(row, case, COMPLETE) == {}


def test_a_consultation_of_level_1_is_over_at_once_but_for_the_sample() -> None:
    """T3, Q7: ``auto_approve_consultation``."""
    level1 = actor(Who.OWNER, rights=frozenset({"appeal.close_consultation"}))
    case = facts("in_work", consultation=True)
    assert decide(OMS, case, "close", level1, COMPLETE).to == "consultation_given"
    assert decide(OMS, replace(case, number=DRAWN), "close", level1, COMPLETE).to == "review"
    assert decide(OMS, case, "close", actor(Who.OWNER), COMPLETE).to == "review"
    off = replace(OMS, settings={**OMS.settings, "auto_approve_consultation": False})
    assert decide(off, case, "close", level1, COMPLETE).to == "review"
    rework = facts("rework", consultation=True)
    assert decide(OMS, rework, "close", level1, COMPLETE).to == "review"


def test_level_1_does_not_close_a_complaint() -> None:
    """Q10: it must be forwarded; the reason can be said in words."""
    with pytest.raises(IllegalMoveError) as error:
        choose(OMS, facts("in_work"), "close", actor(Who.OWNER, rights=frozenset({"appeal.close_consultation"})))
    assert (error.value.reason, dict(error.value.details)) == ("condition", {"consultation": "required"})


def test_the_sample_is_what_it_is_said_to_be() -> None:
    """Q7: 5 % by the hash of the number, the same ones every time."""
    numbers = [f"00-20112026-{number:05d}" for number in range(20_000)]
    drawn = [number for number in numbers if sampled(number, 5)]
    assert 900 < len(drawn) < 1100
    assert drawn == [number for number in numbers if sampled(number, 5)]
    assert not any(sampled(number, 0) for number in numbers)
    assert all(sampled(number, 100) for number in numbers)


@pytest.mark.parametrize(
    ("needs", "field"),
    [
        ("operator", "to"),
        ("date", "due_at"),
        ("comment", "comment"),
        ("organisation", "organisation"),
        ("notice", "notice"),
        ("link", "link"),
    ],
)
def test_a_result_asks_for_what_it_needs(needs: str, field: str) -> None:
    """S000-68, S001-088…S001-091."""
    close = choose(OMS, facts("in_work"), "close", actor(Who.OWNER))
    given = Given(result=ResultFacts("R", frozenset({needs})), measures="done")
    assert missing(close, facts("in_work"), given) == {field: "required"}
    assert missing(close, facts("in_work"), replace(COMPLETE, result=given.result)) == {}


def test_a_letter_needs_the_day_of_its_answer() -> None:
    """S000-67."""
    close = choose(OMS, facts("in_work"), "close", actor(Who.OWNER))
    given = Given(result=ResultFacts("R"), measures="done")
    assert missing(close, facts("in_work"), given) == {}
    assert missing(close, facts("in_work", form=Form.WRITTEN), given) == {"written_close_date": "required"}
    assert Clause("written_close_date") not in asked(close, facts("in_work"))


@pytest.mark.parametrize(
    ("due_at", "wrong"),
    [
        pytest.param(None, "required", id="none"),
        pytest.param(DUE, "must be later than the deadline", id="the-same"),
        pytest.param(DUE + timedelta(days=31), "at most 30 days later", id="too-far"),
        pytest.param(DUE + timedelta(days=30), "", id="30-days"),
    ],
)
def test_a_new_date_is_later_and_not_too_late(due_at: datetime | None, wrong: str) -> None:
    """T9, S001-091."""
    case = replace(facts("in_work"), max_extension_days=30)
    row = choose(OMS, case, "ask_extension", actor(Who.OWNER))
    assert missing(row, case, Given(comment="why", due_at=due_at)) == ({"due_at": wrong} if wrong else {})


def test_contact_is_a_call_or_a_note() -> None:
    """T7, S001-092."""
    row = choose(OMS, facts("deferred"), "contacted", actor(Who.OWNER))
    assert missing(row, facts("deferred"), Given()) == {"comment": "required"}
    assert missing(row, facts("deferred"), Given(comment="met him")) == {}
    assert missing(row, replace(facts("deferred"), contacted=True), Given()) == {}


def test_a_status_that_was_closed_leaves_no_appeal_behind() -> None:
    """Domain 2.1: an appeal in a status that the profile no longer has goes on as in its phase's own status."""
    old = replace(facts("review"), status="review-of-last-year")
    assert {one.trigger for one in possible(OMS, old, actor(Who.ADMIN))} == {
        "return",
        "final_close",
        "remark",
        "delete",
    }
    assert may_edit(OMS, old, actor(Who.ADMIN))


@pytest.mark.parametrize("status", list(OMS.statuses))
@pytest.mark.parametrize("who", list(Who))
def test_who_may_edit(status: str, who: Who) -> None:
    """Domain 2.7, S001-087: the owner while he works on it, the administrator until it is deleted."""
    owners = {Phase.ACTIVE, Phase.CALLBACK, Phase.REWORK, Phase.PENDING}
    phase = OMS.statuses[status].phase
    wanted = (who is Who.OWNER and phase in owners) or (who is Who.ADMIN and phase is not Phase.DELETED)
    assert may_edit(OMS, facts(status), actor(who)) is wanted


def test_without_the_right_nobody_edits() -> None:
    assert not may_edit(OMS, facts("in_work"), actor(Who.OWNER, Who.ADMIN, rights=frozenset()))


def test_who_owns_it_afterwards() -> None:
    """T4 keeps the owner until T5; the warm transfer and a deferral change him at once; T11 gives it back."""
    owner = {row.code: row.effect(EffectKind.OWNER) for row in OMS.transitions}
    assert (owner["forward"], owner["accept"], owner["hand_over"]) == (None, "actor", "target")
    assert (owner["defer"], owner["return"], owner["reopen"]) == ("target", "closer", "closer")
    assert {row.code for row in OMS.transitions if row.effect(EffectKind.TARGET) is not None} == {"forward", "reassign"}


def test_saving_has_no_button() -> None:
    titles = {row.trigger: row.title for row in OMS.transitions}
    assert titles[SAVE] == titles["hand_over"] == ""
    assert all(title for trigger, title in titles.items() if trigger not in {SAVE, "hand_over"})


@pytest.mark.parametrize("word", list(Condition))
def test_every_condition_has_a_rule(word: Condition) -> None:
    clause = Clause(word.value, "appeal.close" if word is Condition.RIGHT else "auto_approve_consultation")
    case = facts("in_work")
    assert holds(OMS, case, actor(), clause) is not holds(OMS, case, actor(), replace(clause, negated=True))
