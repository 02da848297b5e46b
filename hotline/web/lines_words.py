"""The words of lines and queues: problems, steps of a call, fields and choices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hotline.queue.lines_explain import Step, StepKind
from hotline.queue.lines_model import Kind, SkillKind, Strategy, Then
from hotline.web.i18n import gettext, mark, ngettext

KINDS: Mapping[Kind, str] = {
    Kind.LINE: mark("Telephone line"),
    Kind.QUEUE: mark("Queue"),
    Kind.HOURS: mark("Business hours"),
    Kind.SKILL: mark("Skill"),
    Kind.PERSON: mark("Skills"),
    Kind.PRIORITY: mark("Whose calls come first"),
}
NEW: Mapping[Kind, str] = {
    Kind.LINE: mark("New line"),
    Kind.QUEUE: mark("New queue"),
    Kind.HOURS: mark("New business hours"),
    Kind.SKILL: mark("New skill"),
}
STRATEGIES: Mapping[Strategy, str] = {
    Strategy.LEAST_RECENT: mark("who has been without a call for longest"),
    Strategy.ROUND_ROBIN: mark("one after another"),
    Strategy.FEWEST_CALLS: mark("who has had the fewest calls"),
    Strategy.RANDOM: mark("at random"),
}
THEN: Mapping[Then, str] = {
    Then.VOICEMAIL: mark("voice mail"),
    Then.QUEUE: mark("another queue"),
    Then.CALLBACK: mark("an offer to be called back"),
    Then.HANGUP: mark("«all are busy» and the end"),
}
SKILL_KINDS: Mapping[SkillKind, str] = {SkillKind.TOPIC: mark("topic"), SkillKind.LANGUAGE: mark("language")}
LEVELS = (mark("does not know it"), mark("some"), mark("good"), mark("best"))
FIELDS: Mapping[str, str] = {
    "title": mark("Name"),
    "active": mark("in use"),
    "week": mark("Week"),
    "by_calendar": mark("by the production calendar"),
    "day_off": mark("On days off"),
    "days": mark("Days of one's own"),
    "strategy": mark("Who is asked first"),
    "ring_s": mark("Seconds of ringing"),
    "max_wait_s": mark("Longest wait, seconds"),
    "then": mark("Then"),
    "then_queue": mark("The other queue"),
    "skills": mark("Skills"),
    "levels": mark("Levels"),
    "position": mark("tell the position"),
    "hold_time": mark("tell the expected wait"),
    "announce_s": mark("Seconds between announcements"),
    "reassure_s": mark("Seconds between «stay on the line»"),
    "callback": mark("1: be called back"),
    "music": mark("Music"),
    "service_level_s": mark("To be answered within, seconds"),
    "queue": mark("Queue"),
    "hours": mark("Business hours"),
    "greeting": mark("Greeting"),
    "closed": mark("Out of hours"),
    "worth": mark("Worth"),
    "menu": mark("Menu"),
    "digits": mark("Digits"),
    "rate_percent": mark("Ask how it was, per cent of calls"),
    "rate_more": mark("and would he recommend the hotline, 0 to 10"),
    "kind": mark("Kind"),
    "returning": mark("Who comes back unserved"),
    "minutes": mark("Within minutes"),
    "repeated": mark("Who comes back again"),
    "vip_count": mark("Numbers that come first"),
}
_PROBLEMS: Mapping[str, str] = {
    "no-such-queue": mark("“%(name)s” leads to the queue “%(which)s”, which does not exist or is closed."),
    "no-such-hours": mark("“%(name)s” has the business hours “%(which)s”, which do not exist or are closed."),
    "no-such-skill": mark("“%(name)s” needs the skill “%(which)s”, which does not exist or is closed."),
    "overflow-loop": mark("A call would go round for ever: %(which)s."),
    "overflow-too-long": mark("A call would be passed on through too many queues: %(which)s."),
    "nobody-in-queue": mark("Nobody who may log in stands in the queue “%(name)s”, and calls come into it."),
    "nobody-in-levels": mark("No level of “%(name)s” reaches anybody: the first place taken is %(which)s."),
    "level-after-wait": mark("The last level of “%(name)s” begins after the longest wait of %(which)s s."),
    "never-open": mark("The line “%(name)s” would not open within two weeks."),
}


def problem_text(what: str, name: str, which: str) -> str:
    """Say why rules are refused."""
    message = _PROBLEMS.get(what)
    return what if message is None else gettext(message) % {"name": name, "which": which}


def field_title(name: str) -> str:
    """Name a field in the history."""
    return gettext(FIELDS[name]) if name in FIELDS else name


@dataclass(frozen=True, slots=True)
class StepWords:
    """A step as people read it. ``tone``: ``good``, ``plain``, ``warn``."""

    icon: str
    text: str
    tone: str = "plain"


_STEPS: Mapping[StepKind, tuple[str, str, str]] = {
    StepKind.LINE: ("phone-incoming", mark("Line “%(title)s”"), "plain"),
    StepKind.UNKNOWN_LINE: (
        "phone-incoming",
        mark("No line has this number: greeting and business hours are those of the settings"),
        "plain",
    ),
    StepKind.OPEN: ("clock", mark("Open: %(hours)s, %(spans)s"), "good"),
    StepKind.ALWAYS: ("clock", mark("Open round the clock"), "good"),
    StepKind.CLOSED: ("clock", mark("Out of hours: %(hours)s, %(spans)s"), "warn"),
    StepKind.GREETING: ("message-2", mark("Greeting %(sound)s"), "plain"),
    StepKind.MENU: ("hash", mark("Menu %(sound)s"), "plain"),
    StepKind.CHOSEN: ("hash", mark("Presses %(digit)s"), "plain"),
    StepKind.WORTH: ("arrows-up-down", mark("Worth %(worth)s%(why)s"), "plain"),
    StepKind.QUEUE: ("users", mark("Queue “%(title)s”: %(members)s; first %(first)s"), "good"),
    StepKind.NOBODY: ("phone-off", mark("Queue “%(title)s”: nobody may stand in it"), "warn"),
    StepKind.LEVEL: ("stairs-up", mark("From %(after_s)s s on: places up to %(place)s, %(members)s"), "plain"),
    StepKind.TOLD: ("volume", mark("Is told every %(announce_s)s s: %(what)s"), "plain"),
    StepKind.OVER: ("hourglass", mark("After %(max_wait_s)s s: %(then)s"), "plain"),
    StepKind.MESSAGE: ("microphone", mark("Leaves a voice message, or hangs up"), "plain"),
}
_WORTH: Mapping[str, str] = {
    "line": mark("line"),
    "vip": mark("number"),
    "returning": mark("came back unserved"),
    "repeated": mark("once more"),
}


def step_words(step: Step) -> StepWords:
    """Say one step of a call's way."""
    icon, message, tone = _STEPS[step.kind]
    return StepWords(icon, gettext(message) % _said(step), tone)


def _said(step: Step) -> dict[str, object]:
    """Return the facts of a step in words."""
    facts: dict[str, object] = {"sound": "", "spans": "", "digit": "", **step.facts}
    facts["sound"] = facts["sound"] or gettext("of the settings")
    facts["spans"] = facts["spans"] or gettext("closed all day")
    facts["digit"] = facts["digit"] or gettext("nothing that leads elsewhere")
    if "members" in facts:
        facts["members"] = ngettext("%(num)s operator", "%(num)s operators", int(str(facts["members"]))) % {
            "num": facts["members"]
        }
    if "strategy" in facts:
        facts["first"] = gettext(STRATEGIES[Strategy(str(facts["strategy"]))])
    if "then" in facts:
        then = gettext(THEN[Then(str(facts["then"]))])
        facts["then"] = f"{then}: {facts['queue']}" if facts.get("queue") else then
    if step.kind is StepKind.WORTH:
        parts = [f"{gettext(title)} {facts[name]}" for name, title in _WORTH.items() if facts.get(name)]
        facts["why"] = f" ({', '.join(parts)})" if parts else ""
    if step.kind is StepKind.TOLD:
        told = [gettext("position")] if facts["position"] else []
        facts["what"] = ", ".join([*told, *([gettext("expected wait")] if facts["hold_time"] else [])])
    return facts
