"""Draws the process of a profile as a Mermaid state diagram. Pure: the same profile gives the same text."""

from __future__ import annotations

from hotline.journal.model import Phase
from hotline.journal.process_model import BEFORE, SAME, Process, Transition


def mermaid(process: Process) -> str:
    """Return the diagram: statuses with their titles and phases, arrows with triggers, conditions and who."""
    lines = ["stateDiagram-v2"]
    lines += [f"    {one.code}: {one.title.replace(':', ' –')} ({one.phase})" for one in process.statuses.values()]
    lines.append("")
    arrows: dict[tuple[str, str], list[str]] = {}
    for one in process.transitions:
        words = label(one)
        for start in starts(process, one):
            for end in _ends(process, one, start):
                arrows.setdefault((start, end), []).append(words)
    for (start, end), labels in arrows.items():
        lines.append(f"    {start} --> {end}: {'; '.join(dict.fromkeys(labels))}")
    final = [one.code for one in process.statuses.values() if one.final]
    lines += [f"    {code} --> [*]" for code in final]
    return "\n".join(lines) + "\n"


def starts(process: Process, transition: Transition) -> list[str]:
    """Return the statuses from which a transition begins; ``[*]`` for a new card."""
    found = ["[*]"] if Phase.DRAFT in transition.phases else []
    return found + [
        one.code
        for one in process.statuses.values()
        if one.phase in transition.phases or one.code in transition.statuses
    ]


def _ends(process: Process, transition: Transition, start: str) -> list[str]:
    if transition.to == SAME:
        return [start]
    if transition.to != BEFORE:
        return [transition.to]
    # Back to where it was deleted: everywhere from where something leads here.
    return [
        code
        for one in process.transitions
        if one.to == start
        for code in starts(process, one)
        if code not in {"[*]", start}
    ]


def label(transition: Transition) -> str:
    """Return the words of an arrow."""
    words = transition.trigger
    if transition.when:
        words += f" [{', '.join(map(str, transition.when))}]"
    return f"{words} · {'/'.join(sorted(transition.who))}"


def table(process: Process) -> str:
    """Return every transition as a row of a Markdown table."""
    rows = ["| code | from → to | who, right | when | asks | effects |", "|---|---|---|---|---|---|"]
    for one in process.transitions:
        begin = ", ".join([*sorted(one.phases), *(f"«{code}»" for code in sorted(one.statuses))])
        cells = [
            f"`{one.code}`" + (f" ({one.trigger})" if one.trigger != one.code else ""),
            f"{begin} → {one.to}",
            f"{', '.join(sorted(one.who))}; `{one.right}`",
            *(", ".join(map(str, clauses)) for clauses in (one.when, one.asks, one.effects)),
        ]
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"
