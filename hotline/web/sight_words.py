"""How far somebody sees, and why, in words (domain 2.8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hotline.journal.sight_of_appeal import Outcome, Why
from hotline.staff.sight import ANY_KIND, Reach, read_sight
from hotline.web.i18n import gettext, mark

PARTS = {
    "appeals": mark("Appeals in lists"),
    "headings": mark("Headings of other appeals"),
    "content": mark("Content of appeals"),
    "persons": mark("Citizens found by name"),
    "calls": mark("Calls and recordings"),
}
_REACHES = {
    Reach.NONE: mark("none"),
    Reach.OWN: mark("what passed through own hands"),
    Reach.ORGANISATION: mark("of the own organisation, and forwarded to it"),
    Reach.ACTIVE: mark("of the own organisation, and of the others what is in work"),
    Reach.ALL: mark("all"),
}
_PERSONS = {
    Reach.ORGANISATION: mark("the insured of the own organisation; others by full name and birth date, or by ENP"),
    Reach.ALL: mark("everybody in the register"),
}
_CALLS = {
    Reach.OWN: mark("own ones"),
    Reach.ORGANISATION: mark("of the own organisation's operators"),
}
_HEADINGS = {Reach.NONE: mark("none besides those in lists")}
OUTCOMES = {
    Outcome.NOTHING: ("lock", mark("sees nothing: it is answered like a number that nobody has")),
    Outcome.HEADING: ("file-description", mark("sees the heading only")),
    Outcome.MASKED: ("eye-off", mark("reads it; numbers and addresses are hidden")),
    Outcome.WHOLE: ("eye", mark("reads everything")),
}
_WHY = {
    Why.WORKS: mark("works or has worked with it, or it waits for this employee"),
    Why.ORGANISATION: mark("it is the own organisation's, or was forwarded to it"),
    Why.REACH: mark("the roles reach everybody's appeals"),
    Why.IN_WORK: mark("it is in work, and the roles reach the headings of what is in work"),
    Why.BEYOND: mark("it is another organisation's, and the roles do not reach its content"),
    Why.TOPIC: mark("its topic is restricted"),
    Why.RESTRICTED: mark("access to this appeal is restricted"),
    Why.MASKS: mark("no right of this employee works with citizens' numbers"),
    Why.NO_APPEALS: mark("no right of this employee opens appeals"),
}


def reach_words(part: str, reach: Reach) -> str:
    """Say how far somebody sees in one respect."""
    special = {"persons": _PERSONS, "calls": _CALLS, "headings": _HEADINGS}.get(part, {})
    return gettext(special.get(reach, _REACHES[reach]))


def rule_words(rules: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Say how far the holders of a role see, for each kind of organisation of which its rule speaks."""
    return [
        {
            "kind": gettext("in any other organisation") if len(rules) > 1 else gettext("in any organisation"),
            "code": kind,
            "decides": bool(rule.get("decides")),
            "parts": [
                (gettext(title), reach_words(part, getattr(read_sight(rule), part))) for part, title in PARTS.items()
            ],
        }
        for kind, rule in sorted(rules.items(), key=lambda pair: (pair[0] == ANY_KIND, pair[0]))
    ]


def why_words(why: Why) -> str:
    """Say why somebody sees so much of an appeal."""
    return gettext(_WHY[why])
