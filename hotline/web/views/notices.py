"""The bell: what somebody should know, as a page, as a menu under the bell and as a count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from aiohttp import web

from hotline.errors import BadInput
from hotline.journal.notice_model import MESSAGE, REVIEW, WAITING, WEBHOOK, Notice, NoticeKind
from hotline.journal.notices import PAGE
from hotline.web.context import current_user, is_fragment, services
from hotline.web.forms import form_fields, path_id, query_text
from hotline.web.i18n import gettext, mark, ngettext
from hotline.web.render import fragment, page

MENU = 8
"""Notices in the menu under the bell."""

# The same words as frontend/src/notice-words.ts says when one arrives.
_WORDS = {
    NoticeKind.DUE_SOON: ("calendar-time", mark("Three days are left for the answer")),
    NoticeKind.DUE_TOMORROW: ("calendar-exclamation", mark("The answer is due tomorrow")),
    NoticeKind.DUE_HALF: ("hourglass", mark("Half of the time for the answer is over")),
    NoticeKind.DUE_NEARLY: ("hourglass-low", mark("The time for the answer is nearly over")),
    NoticeKind.OVERDUE: ("alert-circle", mark("The deadline has passed")),
    NoticeKind.DIGEST: ("list-check", mark("What awaits a reply today")),
    NoticeKind.FORWARDED: ("inbox", mark("Forwarded to you")),
    NoticeKind.DECLINED: ("arrow-back-up", mark("Given back to you")),
    NoticeKind.RETURNED: ("arrow-back-up", mark("Returned for rework")),
    NoticeKind.REASSIGNED: ("user-share", mark("Assigned to you")),
    NoticeKind.CLOSED: ("circle-check", mark("Closed finally")),
    NoticeKind.CALLBACK: ("phone-outgoing", mark("Call the citizen back")),
    NoticeKind.REVIEW: ("eye-check", mark("Waits for review")),
    NoticeKind.EXTENSION_ASKED: ("calendar-plus", mark("More time is asked for")),
    NoticeKind.EXTENSION_APPROVED: ("calendar-check", mark("The deadline is extended: tell the citizen")),
    NoticeKind.EXTENSION_REFUSED: ("calendar-x", mark("More time was refused")),
    NoticeKind.SCORED: ("star", mark("Your conversation has a score")),
    NoticeKind.SCORE_DISPUTED: ("message-2", mark("The operator does not agree with a score")),
    NoticeKind.SCORE_SETTLED: ("star", mark("Your answer to a score was considered")),
    NoticeKind.SUPERVISOR: ("message-2", mark("A message from your supervisor")),
    NoticeKind.WEBHOOK_OFF: ("webhook", mark("Another system takes no events: its webhook is switched off")),
}


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """A notice as a list shows it."""

    id: int
    icon: str
    text: str
    number: str
    counts: str
    at: datetime
    read: bool
    note: str = ""
    """What was written, to him alone who reads it."""


async def listing(request: web.Request) -> web.StreamResponse:
    """Show the notices, newest first; with ``menu=1`` the few of the menu under the bell."""
    its, user = services(request), current_user(request)
    if query_text(request, "menu"):
        found = await its.notices.latest(user, limit=MENU)
        context = {"notices": await _lines(request, found), "unread": any(not one.read for one in found)}
        return fragment(request, "includes/notice_menu.html", context)
    before = _before(query_text(request, "before", limit=18))
    found = await its.notices.latest(user, before=before)
    context = {
        "notices": await _lines(request, found),
        "unread": any(not one.read for one in found),
        "next_url": f"/notifications?before={found[-1].id}" if len(found) == PAGE else None,
        "first_url": "/notifications" if before else None,
    }
    return await page(request, "pages/notices.html", context, section="notices")


async def count(request: web.Request) -> web.Response:
    """Answer ``{"unread": n}``: what the bell shows after the page was loaded and after a lost connection."""
    user = current_user(request)
    return web.json_response({"unread": await services(request).notices.unread(user.id)})


async def open_one(request: web.Request) -> web.StreamResponse:
    """Mark a notice as read and go where it points."""
    its, user = services(request), current_user(request)
    await form_fields(request)
    notice = await its.notices.read(user, path_id(request))
    target = f"/appeals/{notice.appeal_id}" if notice.appeal_id is not None else "/journal?folder=in_work"
    if notice.kind == NoticeKind.REVIEW and notice.appeal_id is None:
        target = "/journal?folder=review"
    if notice.kind == NoticeKind.OVERDUE and notice.appeal_id is None:
        target = "/journal?folder=overdue"
    if (review := notice.details.get(REVIEW)) is not None:
        target = f"/quality/{int(review)}"
    if (written := notice.details.get(MESSAGE)) is not None:
        await its.supervision.messages.seen(user, int(written))
        target = "/notifications"
    if (webhook := notice.details.get(WEBHOOK)) is not None:
        target = f"/admin/webhooks/{int(webhook)}"
    return web.Response(status=303, headers={"Location": target})


async def read_all(request: web.Request) -> web.StreamResponse:
    """Mark every notice as read."""
    its, user = services(request), current_user(request)
    sent = await form_fields(request)
    await its.notices.read_all(user)
    if is_fragment(request) and sent.get("menu"):
        found = await its.notices.latest(user, limit=MENU)
        context = {"notices": await _lines(request, found), "unread": False}
        return fragment(request, "includes/notice_menu.html", context)
    return web.Response(status=303, headers={"Location": "/notifications"})


async def _lines(request: web.Request, found: Sequence[Notice]) -> list[NoticeLine]:
    """Put notices into words; a supervisor's line is read from where it stands, never kept in a notice (DAY-29)."""
    ids = {int(one.details[MESSAGE]) for one in found if MESSAGE in one.details}
    written = await services(request).supervision.messages.of_notices(current_user(request).id, ids)
    lines = []
    for one in found:
        message = written.get(int(one.details.get(MESSAGE, 0)))
        line = notice_line(one)
        lines.append(replace(line, note=f"{message.by}: {message.text}") if message is not None else line)
    return lines


def notice_line(notice: Notice) -> NoticeLine:
    """Put a notice into words of the reader's language; a kind that nobody knows any more is shown as it is."""
    try:
        icon, words = _WORDS[NoticeKind(notice.kind)]
    except ValueError:
        icon, words = "bell", notice.kind
    return NoticeLine(
        id=notice.id,
        icon=icon,
        text=gettext(words),
        number=notice.number,
        counts=_counts(notice),
        at=notice.at,
        read=notice.read,
    )


def _counts(notice: Notice) -> str:
    if notice.kind == NoticeKind.REVIEW:
        several = int(notice.details.get(WAITING, 1))
        return ngettext("%(num)s appeal", "%(num)s appeals", several) % {"num": several} if several > 1 else ""
    if notice.kind != NoticeKind.DIGEST:
        return ""
    late, today, soon, work = (int(notice.details.get(name, 0)) for name in ("overdue", "today", "soon", "open"))
    parts = [
        ngettext("%(num)s overdue", "%(num)s overdue", late) % {"num": late} if late else "",
        ngettext("%(num)s due today", "%(num)s due today", today) % {"num": today} if today else "",
        ngettext("%(num)s due in three days", "%(num)s due in three days", soon) % {"num": soon} if soon else "",
        ngettext("%(num)s in work", "%(num)s in work", work) % {"num": work},
    ]
    return " · ".join(part for part in parts if part)


def _before(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise BadInput("this page of the list does not exist", error_id="bad-cursor")
    return int(text)
