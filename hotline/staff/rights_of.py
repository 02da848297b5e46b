"""Where each right of somebody comes from, and how far he sees and why (S000-01, domain 2.2, 2.8, 2.11). Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from hotline.staff.model import Effect, Right
from hotline.staff.sight import ANY_KIND, Reach, Sight, read_sight, sight_of


@dataclass(frozen=True, slots=True)
class Grant:
    """What is said of a right to one person alone."""

    effect: str
    reason: str = ""
    at: datetime | None = None
    by: str = ""
    ends_at: datetime | None = None
    """When it ends by itself; ``None``: it does not."""


@dataclass(frozen=True, slots=True)
class RoleRule:
    """A role that somebody has: what it says of rights, and how far its holders see by kind of organisation."""

    code: str
    title: str
    effects: Mapping[str, str]
    sight: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RightLine:
    """A right of somebody. ``own`` is said to himself; the others are titles of roles."""

    code: str
    holds: bool
    allowed_by: tuple[str, ...]
    denied_by: tuple[str, ...]
    own: Grant | None


@dataclass(frozen=True, slots=True)
class SightLine:
    """How far somebody sees in one respect (a field of :class:`Sight`), and the roles that make it so."""

    part: str
    reach: Reach
    because_of: tuple[str, ...]
    decided: bool
    """By a rule that is asked before the others."""


def lines_of(roles: Sequence[RoleRule], own: Mapping[str, Grant]) -> tuple[RightLine, ...]:
    """Return every right of the catalogue, and those that only a profile knows, with where it comes from; deny wins."""
    codes = [str(one) for one in Right]
    codes += sorted({*own, *(code for role in roles for code in role.effects)} - set(codes))
    return tuple(_line(code, roles, own.get(code)) for code in codes)


def _line(code: str, roles: Sequence[RoleRule], own: Grant | None) -> RightLine:
    allowed = tuple(role.title for role in roles if role.effects.get(code) == Effect.ALLOW)
    denied = tuple(role.title for role in roles if role.effects.get(code) == Effect.DENY)
    allows = bool(allowed) or (own is not None and own.effect == Effect.ALLOW)
    denies = bool(denied) or (own is not None and own.effect == Effect.DENY)
    return RightLine(code, allows and not denies, allowed, denied, own)


def sight_lines(roles: Sequence[RoleRule], kind: str) -> tuple[SightLine, ...]:
    """Return how far somebody sees who has ``roles`` in an organisation of ``kind``, and which roles make it so."""
    result = sight_of([role.sight for role in roles], kind)
    rules = {role.title: rule for role in roles if (rule := role.sight.get(kind, role.sight.get(ANY_KIND))) is not None}
    deciding = {title: rule for title, rule in rules.items() if rule.get("decides")}
    asked = deciding or rules
    decided = bool(deciding) and len(rules) > 1
    found = []
    for part in fields(Sight):
        reach: Reach = getattr(result, part.name)
        because = tuple(title for title, rule in asked.items() if getattr(read_sight(rule), part.name) is reach)
        found.append(SightLine(part.name, reach, because, decided))
    return tuple(found)


def may_say(by: frozenset[str], right: str, *, everywhere: bool) -> bool:
    """Tell whether an administrator may allow or deny somebody a right: an insurer's only those that he has himself."""
    return everywhere or right in by


def said(effect: str, ends_at: datetime | None) -> str:
    """Return what a history writes down: ``allow``, or ``allow/2026-12-31T21:00:00+00:00`` for what ends by itself."""
    return f"{effect}/{ends_at.isoformat()}" if effect and ends_at is not None else effect


def read_said(words: str) -> tuple[str, datetime | None]:
    """Read what :func:`said` wrote: the effect, and when it ends."""
    effect, _, end = words.partition("/")
    return effect, datetime.fromisoformat(end) if end else None
