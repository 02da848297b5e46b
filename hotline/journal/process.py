"""Makes a :class:`~hotline.journal.process_model.Process` of a profile's rows, and says what is wrong with them. Pure.

What is checked here is what the engine stands on: words, phases, statuses that exist and can be reached. Types and
unknown keys are checked before, where the files are read (``hotline.profiles``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hotline.journal.model import Phase
from hotline.journal.process_model import (
    ARGUMENTS,
    BEFORE,
    HAND_OVER,
    SAME,
    SAVE,
    Ask,
    Clause,
    Condition,
    EffectKind,
    Process,
    Status,
    Transition,
    Who,
)
from hotline.journal.workflow import EDITED_BY


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a profile: where, and which rule it breaks."""

    section: str
    index: int
    """Of the row among those of its section; -1 for the section as a whole."""
    key: str
    text: str


class BadProcessError(ValueError):
    """The rows make no process. ``problems`` holds everything that is wrong with them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{one.section}[{one.index}].{one.key}: {one.text}" for one in problems))
        self.problems = tuple(problems)


def build(data: Mapping[str, Any]) -> Process:
    """Make the process of a profile's content.

    :raises BadProcessError: it does not hold together.
    """
    problems = list(check(data))
    if problems:
        raise BadProcessError(problems)
    statuses = {row["code"]: _status(row) for row in data.get("status", [])}
    return Process(
        statuses=statuses,
        transitions=tuple(_transition(row) for row in data.get("transition", [])),
        settings=dict(data.get("settings", {}).get("process", {})),
    )


def check(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield everything that is wrong with statuses and transitions."""
    statuses: list[Mapping[str, Any]] = data.get("status", [])
    transitions: list[Mapping[str, Any]] = data.get("transition", [])
    for index, row in enumerate(statuses):
        yield from _known("status", index, "phase", [row.get("phase", "")], Phase)
        yield from _known("status", index, "edit", row.get("edit", []), Who)
    codes = {row.get("code", ""): row.get("phase") for row in statuses}
    for index, row in enumerate(transitions):
        yield from _check_transition(index, row, codes, data)
    yield from _defaults(statuses, transitions)
    yield from _reachable(statuses, transitions)


def _check_transition(
    index: int, row: Mapping[str, Any], statuses: Mapping[Any, Any], data: Mapping[str, Any]
) -> Iterator[Problem]:
    def problem(key: str, text: str) -> Problem:
        return Problem("transition", index, key, text)

    if row.get("to") not in {BEFORE, SAME} and row.get("to") not in statuses:
        yield problem("to", f"leads to {row.get('to')!r}, which is no status of this profile")
    if not row.get("from") and not row.get("from_status"):
        yield problem("code", "starts nowhere: name phases in `from` or statuses in `from_status`")
    yield from _known("transition", index, "from", row.get("from", []), Phase)
    for code in row.get("from_status", []):
        if code not in statuses:
            yield problem("from_status", f"starts from {code!r}, which is no status of this profile")
    if not row.get("who"):
        yield problem("code", "nobody may make it: name at least one of " + ", ".join(Who) + " in `who`")
    yield from _known("transition", index, "who", row.get("who", []), Who)
    if row.get("trigger") in {SAVE, HAND_OVER} and row.get("title"):
        yield problem("title", f"{row['trigger']} is fired by the product, so it has no button")
    settings = data.get("settings", {}).get("process", {})
    for key, words in (("when", Condition), ("asks", Ask), ("effects", EffectKind)):
        for text in row.get(key, []):
            wrong = _wrong_clause(text, words, settings)
            if wrong:
                yield problem(key, wrong)


def clause(text: str) -> Clause:
    """Read one word of a transition: ``not sampled``, ``target=forward``."""
    negated = text.startswith("not ")
    word, _, argument = text.removeprefix("not ").partition("=")
    return Clause(word.strip(), argument.strip(), negated)


def _wrong_clause(text: str, words: type[StrEnum], settings: Mapping[str, Any]) -> str:
    found = clause(text)
    if found.word not in list(words):
        return f"{text!r} is unknown; known are " + ", ".join(words)
    word = words(found.word)
    if found.negated and words is not Condition:
        return f"{text!r}: only conditions can be turned round by `not`"
    wrong = _wrong_argument(word, found.argument)
    if not wrong and word is Condition.SETTING and not isinstance(settings.get(found.argument), bool):
        wrong = f"[settings.process] has no switch {found.argument!r}"
    return f"{text!r}: {wrong}" if wrong else ""


def _wrong_argument(word: StrEnum, argument: str) -> str:
    arguments = ARGUMENTS[type(word)]
    if word not in arguments:
        return f"{word} takes no argument" if argument else ""
    choices = arguments[word]
    if not argument and (choices is None or "" not in choices):
        return f"{word} needs an argument"
    return "" if choices is None or argument in choices else f"{word} is one of " + ", ".join(sorted(choices))


def _known(section: str, index: int, key: str, values: Iterable[str], words: type[StrEnum]) -> Iterator[Problem]:
    for value in values:
        if value not in list(words):
            yield Problem(section, index, key, f"{key} = {value!r} is unknown; known are " + ", ".join(words))


def _defaults(statuses: Sequence[Mapping[str, Any]], transitions: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    """Every phase that is used has exactly one default status, so that no appeal is left without one."""
    phases: dict[str, list[int]] = {}
    for index, row in enumerate(statuses):
        if row.get("default_for_phase", True):
            phases.setdefault(row.get("phase", ""), []).append(index)
    for index, row in enumerate(statuses):
        if row.get("phase") in list(Phase) and row.get("phase") not in phases:
            yield Problem("status", index, "phase", f"phase {row['phase']} has no default status")
    for phase, indexes in phases.items():
        for index in indexes[1:]:
            yield Problem("status", index, "code", f"phase {phase} has a default status already")
    used = {phase for row in transitions for phase in row.get("from", [])} & set(Phase) - {Phase.DRAFT}
    for index, row in enumerate(transitions):
        for phase in row.get("from", []):
            if phase in used and phase not in phases:
                yield Problem("transition", index, "from", f"no status of this profile has the phase {phase}")


def _reachable(statuses: Sequence[Mapping[str, Any]], transitions: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    """Every status can be reached from a new card, or nobody would ever see it."""
    if not transitions:
        yield Problem("transition", -1, "", "there are no transitions: nothing could ever move")
        return
    if not any(row.get("trigger", row.get("code")) == SAVE and "draft" in row.get("from", []) for row in transitions):
        yield Problem("transition", -1, "", f"no transition with trigger {SAVE!r} starts from the phase draft")
        return
    phases: dict[str, str] = {row.get("code", ""): row.get("phase", "") for row in statuses}
    seen_codes: set[str] = set()
    seen_phases = {Phase.DRAFT.value}
    grew = True
    while grew:
        grew = False
        for row in transitions:
            to = row.get("to", "")
            starts = seen_phases & set(row.get("from", [])) or seen_codes & set(row.get("from_status", []))
            if starts and to in phases and to not in seen_codes:
                seen_codes.add(to)
                seen_phases.add(phases[to])
                grew = True
    for index, row in enumerate(statuses):
        if row.get("code") not in seen_codes:
            yield Problem(
                "status", index, "code", f"no chain of transitions leads from a new card to {row.get('code')!r}"
            )


def _status(row: Mapping[str, Any]) -> Status:
    phase = Phase(row["phase"])
    edit = frozenset(map(Who, row["edit"])) if "edit" in row else EDITED_BY.get(phase, frozenset())
    return Status(
        code=row["code"],
        title=row["title"],
        phase=phase,
        icon=row.get("icon", ""),
        colour=row.get("colour", ""),
        final=row.get("final", False),
        default_for_phase=row.get("default_for_phase", True),
        edit=edit,
    )


def _transition(row: Mapping[str, Any]) -> Transition:
    return Transition(
        code=row["code"],
        trigger=row.get("trigger", row["code"]),
        to=row["to"],
        phases=frozenset(map(Phase, row.get("from", []))),
        statuses=frozenset(row.get("from_status", [])),
        title=row.get("title", ""),
        done=row.get("done", ""),
        icon=row.get("icon", ""),
        style=row.get("style", ""),
        who=frozenset(map(Who, row["who"])),
        right=row["right"],
        when=tuple(map(clause, row.get("when", []))),
        asks=tuple(map(clause, row.get("asks", []))),
        effects=tuple(map(clause, row.get("effects", []))),
    )
