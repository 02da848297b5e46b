"""The areas of administration: the cards of ``/admin`` and the reason for the entry in the main menu.

To add an area: one :class:`Area` here, its routes with the same rights in ``web/access.py``, its icon in
``frontend/icons.json``.
"""

from __future__ import annotations

from dataclasses import dataclass

from hotline.staff.model import Right, User
from hotline.web.i18n import mark


@dataclass(frozen=True, slots=True)
class Area:
    """A card of the start page.

    :ivar title: message id.
    :ivar text: message id of a sentence that says what one does there.
    :ivar rights: any of these is enough.
    """

    title: str
    icon: str
    url: str
    rights: tuple[str, ...]
    text: str


AREAS: tuple[Area, ...] = (
    Area(
        mark("Employees"), "users", "/admin/people", (Right.USER_MANAGE,),
        mark("Accounts, roles, internal numbers, passwords and sessions."),
    ),
    Area(
        mark("Organisations"), "building", "/admin/organisations", (Right.USER_MANAGE, Right.DICT_EDIT),
        mark("The fund, insurers and clinics, and which of them are of our own region."),
    ),
    Area(
        mark("Roles and rights"), "shield-lock", "/admin/roles", (Right.USER_MANAGE,),
        mark("What each role may do, and whom a change touches."),
    ),
    Area(
        mark("Queue"), "list-numbers", "/admin/queue", (Right.QUEUE_MANAGE,),
        mark("Who takes calls from the queue, and in which order they are offered."),
    ),
    Area(
        mark("Lines and queues"), "route", "/admin/lines", (Right.QUEUE_MANAGE,),
        mark("Numbers, business hours, queues, skills, priority: what way a call goes, at once."),
    ),
    Area(
        mark("Goals of queues"), "target", "/admin/goals", (Right.QUEUE_MANAGE,),
        mark("What each queue aims at, whose it is; the board and statistics judge by it."),
    ),
    Area(
        mark("Rules of alarms"), "bell", "/admin/alarms", (Right.QUEUE_MANAGE,),
        mark("Thresholds of the board: who waits, how long, whether anybody is free; sound and letters."),
    ),
    Area(
        mark("Quality"), "star", "/admin/quality", (Right.QUALITY_MANAGE,),
        mark("Score sheets and the rules by which conversations are drawn to be scored."),
    ),
    Area(
        mark("Other systems"), "plug-connected", "/admin/tokens", (Right.USER_MANAGE,),
        mark("Accounts and tokens of other systems, and where events are sent to."),
    ),
    Area(
        mark("Audit trail"), "history", "/admin/audit", (Right.AUDIT_VIEW,),
        mark("Who looked at, searched, changed or took out what, and when."),
    ),
    Area(
        mark("Lists"), "list-details", "/admin/lists", (Right.DICT_EDIT,),
        mark("Types, topics, channels, results, characteristics of calls, reasons for a pause."),
    ),
    Area(
        mark("Process profile"), "arrows-exchange", "/admin/profile", (Right.DICT_EDIT,),
        mark("Statuses, steps, deadlines as one text: versions, export, import with every difference."),
    ),
    Area(
        mark("Answer scripts"), "message-2", "/admin/scripts", (Right.SCRIPT_EDIT, Right.SCRIPT_APPROVE),
        mark("Typical answers: proposed, compared, approved; every version is kept."),
    ),
    Area(
        mark("Production calendar"), "calendar", "/admin/calendar", (Right.DICT_EDIT,),
        mark("Holidays and moved days; import of a year; deadlines that they move."),
    ),
    Area(
        mark("Register of insured persons"),
        "database-import",
        "/admin/register",
        (Right.REGISTER_IMPORT,),
        mark("Import files of the fund: new, changed and missing people."),
    ),
)  # fmt: skip


def areas_of(user: User) -> tuple[Area, ...]:
    """Return the areas that ``user`` may enter, as the start page shows them."""
    return tuple(area for area in AREAS if any(user.may(right) for right in area.rights))
