"""Who may forward an appeal to whom (S000-45…S000-50, domain 2.4). Pure; the matrix is the profile's data.

The telephone may be transferred to any extension. The *record* goes along only when the matrix allows it; otherwise
only the call moves and the operator is warned.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from hotline.journal.model import Form


class Kind(StrEnum):
    """Why an appeal changes hands."""

    FORWARD = "forward"  # «Передать на рассмотрение», warm transfer
    DEFER = "defer"  # deferred answer by a colleague (T6)
    REASSIGN = "reassign"  # by the administrator


@dataclass(frozen=True, slots=True)
class ForwardRule:
    """One allowed pair of roles. ``"*"`` stands for any role; ``None`` conditions do not matter."""

    from_role: str
    to_role: str
    kind: Kind = Kind.FORWARD
    form: Form | None = None
    same_organisation: bool | None = None
    needs_reason: bool = False


@dataclass(frozen=True, slots=True)
class Party:
    """One side of the hand-over."""

    user_id: int
    roles: frozenset[str]
    organisation_id: int
    active: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the record may go. ``reason`` is machine-readable: ``same-user``, ``inactive``, ``matrix``,
    ``needs-reason``; empty when allowed.
    """

    allowed: bool
    reason: str = ""


def may_forward(
    sender: Party,
    target: Party,
    form: Form,
    rules: Iterable[ForwardRule],
    *,
    kind: Kind = Kind.FORWARD,
    reason_given: bool = False,
) -> Verdict:
    """Decide whether ``sender`` may give the record to ``target``.

    A deferral obeys the forwarding rules as well as its own (Q14); a reassignment only its own.
    """
    if sender.user_id == target.user_id:
        return Verdict(allowed=False, reason="same-user")
    if not target.active:
        return Verdict(allowed=False, reason="inactive")
    kinds = {kind, Kind.FORWARD} if kind is Kind.DEFER else {kind}
    same = sender.organisation_id == target.organisation_id
    fitting = [
        rule
        for rule in rules
        if rule.kind in kinds
        and (rule.from_role == "*" or rule.from_role in sender.roles)
        and (rule.to_role == "*" or rule.to_role in target.roles)
        and rule.form in {None, form}
        and rule.same_organisation in {None, same}
    ]
    if not fitting:
        return Verdict(allowed=False, reason="matrix")
    if not reason_given and all(rule.needs_reason for rule in fitting):
        return Verdict(allowed=False, reason="needs-reason")
    return Verdict(allowed=True)
