"""Words for attendance: how somebody stands to his plan, what is worth a note, how a shift is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

from hotline.attendance.model import AbsenceReason, Day, Doing, ShiftKind, Slot, Standing
from hotline.web.i18n import gettext, mark, show_decimal

KINDS = {
    ShiftKind.DAY: mark("day shift"),
    ShiftKind.NIGHT: mark("night shift"),
    ShiftKind.SHORT: mark("short shift"),
    ShiftKind.DUTY: mark("duty"),
}
REASONS = {
    AbsenceReason.LEAVE: mark("leave"),
    AbsenceReason.SICK: mark("sick leave"),
    AbsenceReason.TRAINING: mark("training"),
    AbsenceReason.UNPAID: mark("unpaid leave"),
    AbsenceReason.OTHER: mark("other reason"),
}
_STANDINGS = {
    Standing.OFF: ("", "muted", mark("day off")),
    Standing.EXPECTED: ("calendar", "muted", mark("planned")),
    Standing.MISSING: ("user-question", "bad", mark("has not come")),
    Standing.AWAY: ("user-minus", "bad", mark("has gone")),
    Standing.PRESENT: ("user-check", "good", mark("here")),
    Standing.DONE: ("circle-check", "good", mark("worked")),
    Standing.ABSENT: ("user-x", "bad", mark("absent")),
    Standing.EXCUSED: ("beach", "muted", mark("away")),
    Standing.UNPLANNED: ("user-plus", "warn", mark("without a plan")),
}
_DOING = {
    Doing.WORK: mark("At work"),
    Doing.PAUSE: mark("Pause"),
    Doing.LOST: mark("Connection lost"),
}
HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Note:
    """A remark with an icon. ``tone``: ``good``, ``warn``, ``bad`` or ``muted``; its icon and words say the same.

    :ivar short: what stands in a narrow cell beside the icon; a legend explains the icons.
    """

    icon: str
    tone: str
    text: str
    short: str


def standing_note(day: Day) -> Note:
    """Say how somebody stands to his plan; who is away, why."""
    icon, tone, words = _STANDINGS[day.standing]
    if day.standing is Standing.EXCUSED:
        reason = reason_title(day.excuse or "")
        return Note(icon, tone, reason, reason)
    worked = gettext("%(hours)s h") % {"hours": hours(day.account.worked_s)}
    told = day.standing in {Standing.DONE, Standing.UNPLANNED}
    return Note(icon, tone, gettext(words), worked if told else gettext(words))


def standing_title(standing: Standing) -> str:
    """Name a standing."""
    return gettext(_STANDINGS[standing][2])


def notes(day: Day) -> list[Note]:
    """Return what is worth saying of a day besides its standing."""
    told = day.account
    found = [
        Note(icon, tone, gettext(words) % {"time": spell(seconds)}, spell(seconds))
        for seconds, icon, tone, words in (
            (told.late_s, "clock-exclamation", "warn", mark("late by %(time)s")),
            (told.early_s, "logout", "warn", mark("left %(time)s early")),
            (told.break_over_s if told.break_over_s >= 60 else 0, "coffee", "warn", mark("breaks over by %(time)s")),
            (told.away_s if told.away_s >= 300 else 0, "user-minus", "warn", mark("away for %(time)s")),
            (told.overtime_s, "clock-plus", "muted", mark("overtime %(time)s")),
        )
        if seconds
    ]
    if day.excuse and day.standing not in {Standing.EXCUSED}:
        found.append(Note("beach", "muted", reason_title(day.excuse), reason_title(day.excuse)))
    if told.doubtful:
        found.append(Note("help-circle", "warn", gettext("not sure: the service was away"), gettext("not sure")))
    return found


def legend() -> list[tuple[str, str, str]]:
    """Return icon, tone and words of the notes that stand in short."""
    return [
        ("circle-check", "good", gettext("worked")),
        ("clock-exclamation", "warn", gettext("late")),
        ("logout", "warn", gettext("left early")),
        ("coffee", "warn", gettext("breaks over the allowance")),
        ("user-minus", "warn", gettext("away in between")),
        ("clock-plus", "muted", gettext("overtime")),
    ]


def spell(seconds: float) -> str:
    """Write a length of time in minutes, or in hours and minutes."""
    minutes = int(seconds // 60)
    if minutes < 60:
        return gettext("%(minutes)s min") % {"minutes": minutes}
    return gettext("%(hours)s h %(minutes)s min") % {"hours": minutes // 60, "minutes": f"{minutes % 60:02}"}


def hours(seconds: float) -> str:
    """Write a length of time as hours with one decimal."""
    return show_decimal(seconds / HOUR_S, 1)


def slot_text(slot: Slot) -> str:
    """Write a shift: «09:00–18:00»."""
    return f"{clock(slot.starts)}–{clock(slot.ends)}"


def clock(at: time) -> str:
    """Write a time of day."""
    return at.isoformat("minutes")


def kind_title(kind: ShiftKind) -> str:
    """Name a kind of shift."""
    return gettext(KINDS[kind])


def reason_title(code: str) -> str:
    """Name the reason of an absence."""
    return gettext(REASONS[AbsenceReason(code)]) if code in list(AbsenceReason) else code


def doing_title(doing: Doing, reason: str) -> str:
    """Name what somebody did; a pause by its reason."""
    return f"{gettext(_DOING[doing])}: {reason}" if reason else gettext(_DOING[doing])
