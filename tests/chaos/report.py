"""What came of it: a table for people, JSON for programs. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tests.chaos.facts import Facts
from tests.chaos.invariants import Violation, judge

HEADINGS = ("fault", "calls", "lost, by whom", "newcomers", "journal = CEL", "stuck", "letters lost", "recorded", "")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One scenario: its facts, or why it could not be played."""

    fault: str
    facts: Facts | None
    problem: str = ""
    skipped: bool = False

    @property
    def violations(self) -> list[Violation]:
        """Broken promises; a scenario that broke off is one."""
        if self.facts is not None:
            return judge(self.facts)
        return [] if self.skipped else [Violation("played", self.problem)]

    @property
    def ok(self) -> bool:
        """Whether everything held, or nothing was tried."""
        return not self.violations


def table(outcomes: Sequence[Outcome]) -> str:
    """Return the outcomes as aligned text, the violations and notes below."""
    rows = [HEADINGS, *(_row(one) for one in outcomes)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    for one in outcomes:
        lines += [f"{one.fault}: {found.rule}: {found.evidence}" for found in one.violations]
        lines += [f"{one.fault}: skipped: {one.problem}"] if one.skipped else []
        lines += [f"{one.fault}: {note}" for note in (one.facts.notes if one.facts else ())]
    return "\n".join(lines)


def as_json(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Return everything that is known; moments as ISO 8601."""
    return [
        {
            "fault": one.fault,
            "ok": one.ok,
            "skipped": one.skipped,
            "problem": one.problem,
            "violations": [asdict(found) for found in one.violations],
            "facts": _plain(asdict(one.facts)) if one.facts else None,
        }
        for one in outcomes
    ]


def _row(one: Outcome) -> tuple[str, ...]:
    facts = one.facts
    if facts is None:
        return (one.fault, *[""] * 7, "skipped" if one.skipped else "NOT PLAYED")
    died = f"{facts.unended} by Asterisk's death" if facts.unended and facts.allowed.asterisk_dies else ""
    hung = f"{len(facts.lost)} by the hotline" if facts.lost else ""
    free = [operator for operator in facts.operators if operator.free_after_s is not None]
    equal = "not held" if facts.allowed.no_logs else "never" if facts.equal_after_s is None else ""
    return (
        one.fault,
        str(facts.calls),
        ", ".join(filter(None, (hung, died))) or "0",
        f"{facts.newcomers_served}/{facts.newcomers}" if facts.newcomers else "-",
        equal or f"{facts.equal_after_s:.1f} s",
        str(len(facts.operators) - len(free)),
        f"{facts.letters_lost}/{sum(len(draft.typed) for draft in facts.drafts)}" if facts.drafts else "-",
        f"{facts.recorded:.2%}" if facts.recorded is not None else "-",
        "ok" if one.ok else "VIOLATED",
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.isoformat() if hasattr(value, "isoformat") else value
