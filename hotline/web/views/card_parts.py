"""Pieces around a card: organisations to choose from, what belongs to an appeal, unfinished cards (S000-41, DAY-21)."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from hotline.errors import BadInput
from hotline.journal import links
from hotline.journal.attachments import Owner
from hotline.journal.links import LinkKind
from hotline.journal.model import Draft
from hotline.journal.script_use import Used
from hotline.staff.model import Right
from hotline.staff.quick_organisations import QuickKind
from hotline.web.context import current_user, services
from hotline.web.forms import path_id, query_text
from hotline.web.i18n import gettext, mark, show_number
from hotline.web.render import fragment, page
from hotline.web.shell import presence
from hotline.web.titles import role_title
from hotline.web.views.attachments import files_view

LINKS = {
    LinkKind.REPEAT: mark("repeated"),
    LinkKind.DISSATISFIED: mark("dissatisfied with the result"),
    LinkKind.SAME_TOPIC: mark("same topic"),
    LinkKind.DUPLICATE: mark("duplicate"),
    LinkKind.FOLLOW_UP: mark("continued"),
}
ORGANISATIONS = {
    QuickKind.OTHER: mark("Other"),
    QuickKind.FEDERAL: mark("Federal"),
    QuickKind.TERRITORIAL: mark("Territorial"),
}


def link_kinds() -> list[tuple[str, str]]:
    """Return why appeals are linked: code and word."""
    return [(kind.value, gettext(word)) for kind, word in LINKS.items()]


def parse_links(text: str) -> dict[int, str]:
    """Return which earlier appeals an unsaved card links; nothing when a draft holds rubbish."""
    try:
        return {one: kind.value for one, kind in links.parse(text).items()}
    except BadInput:
        return {}


def organisation_kinds() -> list[tuple[str, str]]:
    """Return what may be added on the spot: code and word."""
    return [(kind.value, gettext(word)) for kind, word in ORGANISATIONS.items()]


async def organisations(request: web.Request) -> web.Response:
    """Show organisations by a word of their names, as a fragment of options."""
    found = await services(request).card.organisations.search(query_text(request, "q", limit=100))
    return fragment(request, "includes/organisation_rows.html", {"organisations": found})


async def scripts(request: web.Request) -> web.Response:
    """Show typical answers and the people who know the topic, by topic or keyword (S001-052…S001-054)."""
    its, user = services(request), current_user(request)
    topic, q = query_text(request, "topic", limit=50), query_text(request, "q", limit=100)
    found = await its.card.answers.find(user, topic, q)
    context = {
        "answers": [
            {
                "use": f"{one.code}@{one.version}",
                "title": one.title,
                "body": one.filled.text,
                "caller": dict(one.filled.caller),
            }
            for one in found.answers
        ],
        "people": [
            {
                "id": one.user_id,
                "name": one.full_name,
                "role": role_title(one.roles),
                "organisation": one.organisation,
                "extension": one.extension,
                "presence": presence(its, one.extension),
            }
            for one in found.people
        ],
        "may_transfer": user.may(Right.CALL_TRANSFER),
    }
    return fragment(request, "includes/script_rows.html", context)


async def extras(request: web.Request) -> web.Response:
    """Show what belongs to a saved appeal: files, linked appeals, answers that were given, who edits it now."""
    its, user, appeal_id = services(request), current_user(request), path_id(request)
    owner = Owner(appeal_id=appeal_id)
    files = await its.card.attachments.of(user, owner)
    linked, used, lock = await asyncio.gather(
        its.card.links.of(user, appeal_id), its.card.answers.used(appeal_id), its.card.locks.who(appeal_id)
    )
    context = {
        "appeal_id": appeal_id,
        "files": files_view(files, owner),
        "links": [
            {
                "id": one.id,
                "url": f"/appeals/{one.appeal_id}",
                "number": one.number,
                "topic": one.topic,
                "status": one.status,
                "kind": gettext(LINKS[one.kind]),
                "later": one.later,
                "by": one.by,
                "at": one.at,
            }
            for one in linked
        ],
        "kinds": link_kinds(),
        "used": [_used(one) for one in used],
        "lock": lock,
        "editable": files.editable,
    }
    return fragment(request, "includes/appeal_extras.html", context)


async def drafts(request: web.Request) -> web.StreamResponse:
    """List one's unfinished cards, to go on with, throw away, or give to a colleague (DAY-17, DAY-21)."""
    its, user = services(request), current_user(request)
    found, colleagues = await asyncio.gather(its.drafts.open(user), its.card.giving.colleagues(user))
    givers = {one.handed_by: await its.staff.user(one.handed_by) for one in found if one.handed_by is not None}
    rows = []
    for one in found:
        giver = givers.get(one.handed_by) if one.handed_by is not None else None
        rows.append(draft_row(one) | {"handed_by": giver.short_name if giver else ""})
    context = {
        "drafts": rows,
        "colleagues": [(one.id, f"{one.full_name} · {one.extension or '—'}") for one in colleagues],
        "may_create": user.may(Right.APPEAL_CREATE),
    }
    return await page(request, "pages/drafts.html", context, section="journal")


def draft_row(draft: Draft) -> dict[str, Any]:
    """Return an unfinished card as a list shows it: whose it is, and the beginning of its text."""
    fields = draft.fields
    name = " ".join(filter(None, (fields.get("applicant_last_name"), fields.get("applicant_first_name"))))
    phone = fields.get("applicant_phone", "")
    text = " ".join(fields.get("content", "").split())
    return {
        "id": draft.id,
        "url": f"/appeals/new?draft={draft.id}",
        "title": name or (show_number(phone) if phone else gettext("New card")),
        "text": f"{text[:120]}…" if len(text) > 120 else text,
        "saved_at": draft.saved_at,
        "of_call": draft.call_key is not None,
    }


def _used(one: Used) -> dict[str, Any]:
    return {"title": one.title, "version": one.version, "body": one.body, "by": one.by, "at": one.at}
