"""Says everything that is wrong with a profile before it is loaded, instead of in an operator's face later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum
from typing import Any

from hotline.journal import process
from hotline.journal.closing import Ending
from hotline.journal.deadlines import Shift, Unit
from hotline.journal.forwarding import Kind
from hotline.journal.listing import NEWEST, Order, Relation
from hotline.journal.model import Form, Phase
from hotline.journal.numbering import BadPatternError, Reset, render
from hotline.journal.process import Problem
from hotline.journal.process_model import NEEDS
from hotline.profiles import schema
from hotline.profiles.schema import LISTS
from hotline.staff.sight import sight_problem

_CHOICES: Mapping[tuple[str, str], type[StrEnum]] = {
    ("channel", "form"): Form,
    ("deadline", "form"): Form,
    ("deadline", "unit"): Unit,
    ("deadline", "shift"): Shift,
    ("forward", "form"): Form,
    ("forward", "kind"): Kind,
    ("folder", "relation"): Relation,
}
_CONDITIONS = ("form", "to_head_of_region", "urgent", "topic")


def check(content: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Return everything that is wrong; of rows of a wrong shape only that."""
    if found := tuple(schema.check(content)):
        return found
    return (
        *schema.missing(content),
        *_codes(content),
        *_choices(content),
        *_references(content),
        *_forwarding(content),
        *_deadlines(content),
        *_roles(content),
        *_folders(content),
        *_settings(content),
        *process.check(content),
    )


def _codes(content: Mapping[str, Any]) -> Iterator[Problem]:
    for section in (*LISTS, "deadline", "role", "transition"):
        rows = content.get(section, [])
        codes = Counter(row.get("code") for row in rows)
        if not rows and section != "transition":
            yield Problem(section, -1, "", "needs rows, each with a code of its own")
        seen: set[str] = set()
        for index, row in enumerate(rows):
            if codes[row.get("code")] > 1 and row.get("code") in seen:
                yield Problem(
                    section, index, "code", f"{row.get('code')!r} is there twice: each needs a code of its own"
                )
            seen.add(row.get("code", ""))


def _choices(content: Mapping[str, Any]) -> Iterator[Problem]:
    for (section, key), words in _CHOICES.items():
        for index, row in enumerate(content.get(section, [])):
            if key in row and row[key] not in list(words):
                yield Problem(section, index, key, f"{key} = {row[key]!r} is unknown; known are " + ", ".join(words))
    for index, row in enumerate(content.get("disposition", [])):
        if strange := set(row.get("closes", [])) - set(Ending):
            yield Problem("disposition", index, "closes", f"closes = {', '.join(sorted(strange))} is unknown")


def _references(content: Mapping[str, Any]) -> Iterator[Problem]:
    types = {row.get("code", "") for row in content.get("appeal_type", [])}
    for index, row in enumerate(content.get("topic", [])):
        if row.get("type", "") not in types:
            yield Problem("topic", index, "type", f"no such type: {row.get('type')}")
    triggers = {row.get("trigger", row.get("code", "")) for row in content.get("transition", [])}
    for index, row in enumerate(content.get("result", [])):
        if strange := set(row.get("needs", [])) - set(NEEDS):
            words = ", ".join(sorted(strange))
            yield Problem("result", index, "needs", f"needs = {words} is unknown; known are " + ", ".join(NEEDS))
        if row.get("trigger") and row.get("trigger", "") not in triggers:
            yield Problem("result", index, "trigger", f"no transition has the trigger {row.get('trigger')!r}")


def _forwarding(content: Mapping[str, Any]) -> Iterator[Problem]:
    roles = {row.get("code", "") for row in content.get("role", [])} | {"*"}
    switches = _process(content)
    for index, row in enumerate(content.get("forward", [])):
        for key in ("from_role", "to_role"):
            if key in row and row[key] not in roles:  # a missing one is said by the schema
                yield Problem("forward", index, key, f"there is no role {row[key]!r}")
        if "setting" in row and not isinstance(switches.get(row.get("setting", "")), bool):
            yield Problem("forward", index, "setting", f"[settings.process] has no switch {row['setting']!r}")


def _deadlines(content: Mapping[str, Any]) -> Iterator[Problem]:
    """A rule that never fits: one before it takes everything, or no channel or topic is like that."""
    rows = content.get("deadline", [])
    forms = {row.get("form", "") for row in content.get("channel", [])}
    topics = {row.get("code", "") for row in content.get("topic", [])}
    for index, row in enumerate(rows):
        if row.get("form") and row.get("form", "") not in forms:
            yield Problem("deadline", index, "form", f"never fits: no channel has the form {row['form']!r}")
        if row.get("topic") and row.get("topic", "") not in topics:
            yield Problem("deadline", index, "topic", f"never fits: there is no topic {row['topic']!r}")
        for other in rows:
            if other is not row and other.get("priority", 0) <= row.get("priority", 0) and _covers(other, row):
                if other.get("priority") == row.get("priority") and _covers(row, other) and rows.index(other) > index:
                    continue  # of two alike the later one is said
                yield Problem("deadline", index, "code", f"never fits: {other.get('code')!r} takes all of its appeals")
                break


def _covers(wide: Mapping[str, Any], narrow: Mapping[str, Any]) -> bool:
    return all(wide.get(key) is None or wide.get(key) == narrow.get(key) for key in _CONDITIONS)


def _roles(content: Mapping[str, Any]) -> Iterator[Problem]:
    granted: set[str] = set()
    for index, row in enumerate(content.get("role", [])):
        granted |= set(row.get("allow", []))
        if problem := sight_problem(row.get("sight", {})):
            yield Problem("role", index, "sight", f"{row.get('code')}: {problem}")
    for index, row in enumerate(content.get("transition", [])):
        if row.get("right", "") not in granted:
            yield Problem("transition", index, "right", f"nobody could ever make it: no role has {row.get('right')!r}")


def _folders(content: Mapping[str, Any]) -> Iterator[Problem]:
    for index, row in enumerate(content.get("folder", [])):
        if strange := [str(one) for one in row.get("phases", []) if one not in list(Phase)]:
            yield Problem("folder", index, "phases", f"phases = {', '.join(sorted(strange))} is unknown")
        try:
            Order.parse(row.get("order", str(NEWEST)))
        except ValueError:
            yield Problem("folder", index, "order", f"order = {row['order']!r} is unknown")


def _settings(content: Mapping[str, Any]) -> Iterator[Problem]:
    numbering = content.get("settings", {}).get("numbering", {})
    if not isinstance(numbering, dict):
        yield Problem("settings", 0, "numbering", "write a table: [settings.numbering]")
        numbering = {}
    try:
        Reset(numbering.get("reset", "never"))
    except ValueError as error:
        yield Problem("settings", 0, "numbering.reset", str(error))
    try:
        render(str(numbering.get("pattern", "{seq}")), org_code="", day=date(2000, 1, 1), seq=1)
    except (ValueError, BadPatternError) as error:
        yield Problem("settings", 0, "numbering.pattern", str(error))
    chosen = _process(content).get("consultation_result")
    if chosen is not None and chosen not in [row.get("code", "") for row in content.get("result", [])]:
        yield Problem("settings", 0, "process.consultation_result", f"there is no result {chosen!r}")
    percent = _process(content).get("review_sample_percent", 0)
    if isinstance(percent, bool) or not isinstance(percent, int | float) or not 0 <= percent <= 100:
        yield Problem("settings", 0, "process.review_sample_percent", "is a share of 0 to 100 percent")


def _process(content: Mapping[str, Any]) -> Mapping[str, Any]:
    found = content.get("settings", {}).get("process", {})
    return found if isinstance(found, dict) else {}
