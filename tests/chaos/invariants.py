"""What must hold whatever dies (issue 6, "chaos on the real stand"). Each rule is a pure function of the facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.chaos.facts import Facts

EQUAL_WITHIN_S = 30.0
FREE_WITHIN_S = 30.0
RECORDED = 0.99


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was not kept, with the evidence."""

    rule: str
    evidence: str


def nobody_hung_up(facts: Facts) -> Iterator[str]:
    """No citizen is hung up by anything but Asterisk's own death."""
    if facts.lost:
        ends = sorted({one.why or one.by for one in facts.lost})
        blamed = f"; CEL: {', '.join(facts.blamed)}" if facts.blamed else ""
        yield f"{len(facts.lost)} citizens lost ({', '.join(ends)}){blamed}"
    if facts.unended and not facts.allowed.asterisk_dies and not facts.allowed.no_logs:
        yield f"the end of {facts.unended} calls is in no log although Asterisk lived"


def newcomers_served(facts: Facts) -> Iterator[str]:
    """Who calls while a part is away is queued and answered."""
    if facts.newcomers_served < facts.newcomers:
        yield f"{facts.newcomers - facts.newcomers_served} of {facts.newcomers} who called meanwhile were not answered"


def journal_equals_cel(facts: Facts) -> Iterator[str]:
    """Thirty seconds after the fault, and again at the end, the journal tells what CEL tells."""
    answered = sum(one.answered for one in facts.citizens)
    if facts.journal_calls != answered:
        yield f"{facts.journal_calls} ended calls in the journal, {answered} citizens were answered"
    if facts.allowed.no_logs:
        return
    if facts.equal_after_s is None or facts.equal_after_s > EQUAL_WITHIN_S:
        after = "never" if facts.equal_after_s is None else f"only after {facts.equal_after_s:.0f} s"
        yield f"the journal equalled CEL {after}: {_few(facts.differences)}"
    if not facts.equal_at_end:
        yield f"at the end the journal differs from CEL: {_few(facts.differences)}"


def nobody_stuck(facts: Facts) -> Iterator[str]:
    """Every operator is free once all calls are over, and no channel is left."""
    for one in facts.operators:
        if one.free_after_s is None or one.free_after_s > FREE_WITHIN_S:
            yield f"operator {one.extension} is {one.state or 'nowhere'} instead of free"
    if facts.channels_left:
        yield f"{len(facts.channels_left)} channels left: {_few(facts.channels_left)}"


def no_letter_lost(facts: Facts) -> Iterator[str]:
    """What was typed is on the server in the end, but for what a killed browser had no time to send (autosave: 2 s)."""
    for one in facts.drafts:
        if one.lost > one.fresh:
            yield f"{one.lost} of {len(one.typed)} letters lost; kept up to {one.kept[-20:]!r}"


def recorded(facts: Facts) -> Iterator[str]:
    """At least 99 % of what could be recorded is."""
    if facts.allowed.nothing_recorded:
        return
    share = facts.recorded
    if share is None:
        if any(one.answered for one in facts.citizens):
            yield "calls were answered, and nothing was measured"
    elif share < RECORDED:
        worst = sorted(facts.recordings, key=lambda one: one.kept_s - one.due_s)[:3]
        named = ", ".join(f"{one.key} {one.kept_s:.1f} of {one.due_s:.1f} s" for one in worst)
        yield f"{share:.2%} recorded; worst: {named}"


RULES: tuple[Callable[[Facts], Iterator[str]], ...] = (
    nobody_hung_up,
    newcomers_served,
    journal_equals_cel,
    nobody_stuck,
    no_letter_lost,
    recorded,
)


def judge(facts: Facts) -> list[Violation]:
    """Return every promise that was broken."""
    return [Violation(rule.__name__, text) for rule in RULES for text in rule(facts)]


def _few(texts: tuple[str, ...], most: int = 3) -> str:
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ("; ".join(texts[:most]) or "no reason known") + more
