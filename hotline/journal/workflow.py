"""The life of an appeal: which moves a profile allows (domain 2.3, T1–T21). Pure.

Phases are fixed, statuses and transitions are the profile's (:mod:`hotline.journal.process_model`). Several
transitions may answer to one trigger; the first in the profile's order that fits the appeal and the person is made.
So «close» can lead a consultation past the review and everything else into it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from hotline.journal.model import Form, Phase
from hotline.journal.process_model import (
    BEFORE,
    NEEDS,
    SAME,
    SAVE,
    Actor,
    Ask,
    Clause,
    Condition,
    Facts,
    Given,
    Process,
    Status,
    Transition,
    Who,
)

__all__ = [
    "Actor",
    "Facts",
    "Given",
    "IllegalMoveError",
    "Who",
    "asked",
    "choose",
    "decide",
    "destination",
    "may_edit",
    "missing",
    "possible",
    "sampled",
]


class IllegalMoveError(Exception):
    """The move is not possible.

    ``reason`` is ``phase``, ``role``, ``right``, ``condition`` (``details`` maps the word that does not hold to
    ``"required"``) or ``asks`` (``details`` maps every missing or wrong field to what is wrong with it).
    """

    def __init__(self, reason: str, message: str, details: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.details: Mapping[str, str] = details or {}


def sampled(number: str, percent: float) -> bool:
    """Tell whether a consultation is drawn for the administrator's review (Q7).

    Nobody can choose which ones and anybody can check the draw: the first four bytes of the SHA-256 of the appeal's
    number, as a fraction of 2**32, are below ``percent`` (0 to 100).
    """
    draw = int.from_bytes(hashlib.sha256(number.encode()).digest()[:4])
    return draw < percent / 100 * 2**32


@dataclass(frozen=True, slots=True)
class _Case:
    process: Process
    facts: Facts
    actor: Actor
    argument: str


_CONDITIONS: Mapping[Condition, Callable[[_Case], bool]] = {
    Condition.CONSULTATION: lambda case: case.facts.consultation,
    Condition.COMPLAINT: lambda case: case.facts.complaint,
    Condition.ORAL: lambda case: case.facts.form is Form.ORAL,
    Condition.WRITTEN: lambda case: case.facts.form is Form.WRITTEN,
    Condition.SAMPLED: lambda case: sampled(case.facts.number, _percent(case.process)),
    Condition.SETTING: lambda case: case.process.switched_on(case.argument),
    Condition.RIGHT: lambda case: case.argument in case.actor.rights,
}


def _percent(process: Process) -> float:
    value = process.settings.get("review_sample_percent", 0)
    return float(value) if isinstance(value, int | float) else 0.0


def holds(process: Process, facts: Facts, actor: Actor, clause: Clause) -> bool:
    """Tell whether a condition of ``when`` holds."""
    case = _Case(process, facts, actor, clause.argument)
    return _CONDITIONS[Condition(clause.word)](case) is not clause.negated


def starts_from(process: Process, transition: Transition, facts: Facts) -> bool:
    """Tell whether a transition begins where the appeal is.

    An appeal whose status the profile no longer has counts as having the default status of its phase, so that closing
    a status by date leaves no appeal behind. A transition that names statuses wins them from those that name phases.
    """
    if facts.phase in transition.phases:
        return True
    status: Status | None = process.statuses.get(facts.status) or process.default_status(facts.phase)
    return status is not None and status.code in transition.statuses


def choose(process: Process, facts: Facts, trigger: str, actor: Actor) -> Transition:
    """Return the transition that ``trigger`` would make; what it asks for is not looked at yet.

    :raises IllegalMoveError: there is none; ``reason`` names the first check that nothing passed.
    """
    found = [one for one in process.transitions if one.trigger == trigger and starts_from(process, one, facts)]
    if not found:
        raise IllegalMoveError("phase", f"{trigger} is not possible in phase {facts.phase}")
    mine = [one for one in found if not actor.who.isdisjoint(one.who)]
    if not mine:
        roles = sorted({who.value for one in found for who in one.who})
        raise IllegalMoveError("role", f"{trigger} is for the {' or '.join(roles)} of the appeal")
    allowed = [one for one in mine if one.right in actor.rights]
    if not allowed:
        raise IllegalMoveError("right", f"{trigger} needs the right {mine[0].right}")
    for one in allowed:
        if all(holds(process, facts, actor, clause) for clause in one.when):
            return one
    failed = next(clause for clause in allowed[0].when if not holds(process, facts, actor, clause))
    raise IllegalMoveError("condition", f"{trigger} is not for such an appeal: {failed}", {str(failed): "required"})


def decide(process: Process, facts: Facts, trigger: str, actor: Actor, given: Given | None = None) -> Transition:
    """Return the transition that ``trigger`` makes now.

    :raises IllegalMoveError: there is none, the actor may not make it, or something that it asks for is missing.
    """
    given = given or Given()
    transition = choose(process, facts, trigger, actor)
    if wrong := missing(transition, facts, given):
        raise IllegalMoveError("asks", f"{trigger} needs {', '.join(wrong)}", wrong)
    return transition


def possible(process: Process, facts: Facts, actor: Actor) -> tuple[Transition, ...]:
    """Return what ``actor`` may do now, one transition a trigger, in the profile's order; fields can still be asked."""
    found: dict[str, Transition] = {}
    for one in process.transitions:
        if (
            one.trigger not in found
            and starts_from(process, one, facts)
            and not actor.who.isdisjoint(one.who)
            and one.right in actor.rights
            and all(holds(process, facts, actor, clause) for clause in one.when)
        ):
            found[one.trigger] = one
    return tuple(found.values())


def destination(process: Process, transition: Transition, facts: Facts, before: str = "") -> Status:
    """Return the status that a transition leads to.

    :param before: the status in which the appeal was deleted, for a transition back to it.
    :raises IllegalMoveError: the profile has no such status any more.
    """
    if transition.to == SAME:
        kept = process.statuses.get(facts.status) or process.default_status(facts.phase)
        # A status that was closed by date is kept as well: only its phase is known then.
        return replace(kept, code=facts.status) if kept else Status(facts.status, "", facts.phase)
    status = process.statuses.get(before if transition.to == BEFORE else transition.to)
    if status is None:
        raise IllegalMoveError("phase", f"the profile has no status {transition.to}")
    return status


def asked(transition: Transition, facts: Facts, given: Given | None = None) -> tuple[Clause, ...]:
    """Return what must be given for a transition: its own asks, and those of the result that was chosen."""
    clauses = [clause for clause in transition.asks if _applies(clause, facts)]
    if given is not None and given.result is not None and transition.asked(Ask.RESULT):
        known = {clause.word for clause in clauses}
        wanted = [NEEDS[need] for need in sorted(given.result.needs) if need in NEEDS]
        clauses += [Clause(word.value) for word in wanted if word.value not in known]
    return tuple(clauses)


def _applies(clause: Clause, facts: Facts) -> bool:
    if clause.word == Ask.JUSTIFIED:
        return facts.complaint
    return clause.word != Ask.WRITTEN_CLOSE_DATE or facts.form is Form.WRITTEN


def missing(transition: Transition, facts: Facts, given: Given) -> dict[str, str]:
    """Return what is missing or wrong among the fields that a transition asks for, by field."""
    wrong: dict[str, str] = {}
    for clause in asked(transition, facts, given):
        wrong |= _missing(clause, facts, given)
    return wrong


def _missing(clause: Clause, facts: Facts, given: Given) -> dict[str, str]:
    word = Ask(clause.word)
    if word is Ask.FIELDS:
        return {name: "required" for name in clause.argument.split("+") if name not in facts.filled}
    if word is Ask.DATE:
        return _wrong_date(facts, given, free=bool(clause.argument))
    there = {
        Ask.COMMENT: bool(given.comment.strip()),
        Ask.RESULT: given.result is not None,
        Ask.MEASURES: bool(given.measures.strip()) or "measures" in facts.filled,
        Ask.TARGET: given.target,
        Ask.WRITTEN_CLOSE_DATE: given.written_close_date is not None or "written_close_date" in facts.filled,
        Ask.CONTACT: facts.contacted or bool(given.comment.strip()),
        Ask.LINK: given.link,
        Ask.ORGANISATION: bool(given.organisation.strip()),
        Ask.NOTICE: given.notice,
        Ask.JUSTIFIED: bool(given.justified) or "justified" in facts.filled,
    }[word]
    return {} if there else {FIELD_OF.get(word, word.value): "required"}


FIELD_OF: Mapping[Ask, str] = {Ask.TARGET: "to", Ask.DATE: "due_at", Ask.CONTACT: "comment"}
"""Fields of the dialog that are not named like the word that asks for them."""


def _wrong_date(facts: Facts, given: Given, *, free: bool) -> dict[str, str]:
    if given.due_at is None:
        return {"due_at": "required"}
    if facts.due_at is None:
        return {}
    if given.due_at <= facts.due_at:
        return {"due_at": "must be later than the deadline"}
    if not free and facts.max_extension_days and given.due_at > facts.due_at + timedelta(days=facts.max_extension_days):
        return {"due_at": f"at most {facts.max_extension_days} days later"}
    return {}


def may_edit(process: Process, facts: Facts, actor: Actor) -> bool:
    """Tell whether ``actor`` may change the card's text now (domain 2.7): the status says who."""
    status = process.statuses.get(facts.status) or process.default_status(facts.phase)
    allowed = status.edit if status is not None else frozenset()
    if Who.ADMIN in actor.who & allowed and "appeal.edit_any" in actor.rights:
        return True
    return bool((actor.who & allowed) - {Who.ADMIN}) and "appeal.edit_own" in actor.rights


EDITED_BY: Mapping[Phase, frozenset[Who]] = {
    **dict.fromkeys((Phase.ACTIVE, Phase.CALLBACK, Phase.REWORK, Phase.PENDING), frozenset({Who.OWNER, Who.ADMIN})),
    **dict.fromkeys(
        (Phase.INCOMING, Phase.RESOLUTION, Phase.WAIT_EXEC, Phase.REVIEW, Phase.CLOSED, Phase.CANCELLED),
        frozenset({Who.ADMIN}),
    ),
}
"""Who edits in a phase when the profile's status does not say (domain 2.7, profile oms)."""


def creation(process: Process) -> Transition | None:
    """Return the transition that registers a new appeal."""
    return next((one for one in process.transitions if one.trigger == SAVE and Phase.DRAFT in one.phases), None)
