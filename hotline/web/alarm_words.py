"""What an alarm is called, on pages and in letters (DAY-34, DAY-36). Never a person: a queue or an internal number."""

from __future__ import annotations

from typing import Any

from hotline.board.alarm_rules import OF_QUEUES, WITHOUT_THRESHOLD, Kind, Rule
from hotline.board.mail import Words
from hotline.board.model import AlarmEvent
from hotline.config import Settings
from hotline.web.i18n import gettext, make_reader, mark, reading, show_duration
from hotline.web.push_messages import at

_KINDS = {
    Kind.WAITING: mark("Too many wait"),
    Kind.LONGEST: mark("Somebody waits too long"),
    Kind.SERVICE_LEVEL: mark("Service level of the last hour too low"),
    Kind.NOBODY_READY: mark("Nobody is free"),
    Kind.OVER_LIMIT: mark("Pause over the limit"),
    Kind.ONE_WAY: mark("Sound goes one way"),
    Kind.LOST: mark("Telephone without a connection"),
}
_SECONDS = frozenset({Kind.LONGEST, Kind.OVER_LIMIT, Kind.LOST})


def kind_title(kind: str) -> str:
    """Name what is watched."""
    return gettext(_KINDS[Kind(kind)])


def figure_text(kind: str, value: float) -> str:
    """Write a figure of this kind; empty when it says nothing."""
    its = Kind(kind)
    if its in WITHOUT_THRESHOLD:
        return ""
    if its in _SECONDS:
        return show_duration(value)
    return f"{value:.0f} %" if its is Kind.SERVICE_LEVEL else f"{value:.0f}"


def subject_text(kind: str, title: str) -> str:
    """Say whom or what it is about."""
    of_queue = Kind(kind) in OF_QUEUES
    text = gettext("queue %(name)s") if of_queue else gettext("internal number %(name)s")
    return text % {"name": title}


def alarm_data(one: AlarmEvent) -> dict[str, Any]:
    """Return an alarm as browsers know it; they find the words themselves."""
    return {
        "id": one.id,
        "kind": one.kind,
        "subject": one.title,
        "of_queue": Kind(one.kind) in OF_QUEUES,
        "value": round(one.value, 1),
        "threshold": one.threshold,
        "sound": one.sound,
        "raised_at": at(one.raised_at),
        "seen_at": at(one.seen_at),
        "seen_by": one.seen_by,
    }


def letter_words(settings: Settings) -> Words:
    """Return what writes the letters, in the installation's language."""
    reader = make_reader(settings.language, settings.zone)

    def write(rule: Rule, title: str, value: float) -> tuple[str, str]:
        with reading(reader):
            head = gettext("Hotline: %(what)s, %(where)s") % {
                "what": kind_title(rule.kind),
                "where": subject_text(rule.kind, title),
            }
            lines = [head]
            if rule.kind not in WITHOUT_THRESHOLD:
                words = {"value": figure_text(rule.kind, value), "limit": figure_text(rule.kind, rule.threshold)}
                lines.append(gettext("Now %(value)s, the threshold is %(limit)s.") % words)
            lines.append(gettext("The board: %(url)s") % {"url": f"{settings.public_url}/board"})
            lines.append(gettext("Whoever confirms the alarm there ends the reminders."))
            return head, "\n\n".join(lines) + "\n"

    return write
