"""How far a user sees (VisibilityRule, domain 2.8). Pure: rules in, one :class:`Sight` out.

The rules are data of the profile: each role says, for each kind of organisation, how far its holders see. Of several
roles the most restrictive wins; a rule that ``decides`` (the fund's administrator) is asked first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

ANY_KIND = "any"
"""The key of a role's rule for organisations whose kind has none of its own."""


class Reach(StrEnum):
    """How far one sees; each reaches further than those before it."""

    NONE = "none"
    OWN = "own"  # what one works or has worked with, or that waits for one
    ORGANISATION = "organisation"  # of the own organisation, and forwarded to it
    ACTIVE = "active"  # besides: what is in work, whoever works on it
    ALL = "all"

    def covers(self, other: Reach) -> bool:
        """Tell whether who sees this far sees at least as far as ``other``."""
        return _ORDER[self] >= _ORDER[other]


_ORDER = {reach: place for place, reach in enumerate(Reach)}


@dataclass(frozen=True, slots=True)
class Sight:
    """How far a user sees: the default is for a role that has no rule.

    :ivar appeals: which appeals stand in his lists.
    :ivar headings: of which others, found through a person or by number, he may see the heading.
    :ivar content: of which he may read the whole.
    :ivar persons: whom a search by name finds in the register: insured of his organisation, or everybody.
    :ivar calls: whose calls and recordings.
    """

    appeals: Reach = Reach.ORGANISATION
    headings: Reach = Reach.NONE
    content: Reach = Reach.ORGANISATION
    persons: Reach = Reach.ORGANISATION
    calls: Reach = Reach.OWN


def read_sight(stored: Mapping[str, Any]) -> Sight:
    """Read a rule as the profile writes it; what it leaves out is as for a role without a rule.

    :raises ValueError: a word in it is unknown.
    """
    return Sight(**{one.name: Reach(stored[one.name]) for one in fields(Sight) if one.name in stored})


def sight_of(roles: Iterable[Mapping[str, Any]], kind: str) -> Sight:
    """Return how far somebody sees who has ``roles`` in an organisation of ``kind``.

    :param roles: the rules of each of his roles, by kind of organisation or :data:`ANY_KIND`.
    """
    rules = [found for rule in roles if (found := rule.get(kind, rule.get(ANY_KIND))) is not None]
    if not rules:
        return Sight()
    deciding = [rule for rule in rules if rule.get("decides")]
    seen = [read_sight(rule) for rule in deciding or rules]
    return Sight(*(min((getattr(one, part.name) for one in seen), key=_ORDER.__getitem__) for part in fields(Sight)))


def sight_problem(stored: Mapping[str, Any]) -> str | None:
    """Say what is wrong with the rules of a role, by kind of organisation; ``None`` when nothing is."""
    known = {one.name for one in fields(Sight)} | {"decides"}
    for kind, rule in stored.items():
        if not isinstance(rule, Mapping):
            return f"sight.{kind} = {rule!r} is no table"
        if strange := sorted(set(rule) - known):
            return f"sight.{kind}: {', '.join(strange)} is unknown"
        for name, word in rule.items():
            if name != "decides" and word not in list(Reach):
                return f"sight.{kind}.{name} = {word!r} is unknown"
    return None
