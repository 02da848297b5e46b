"""The journal: folders, search, a saved appeal (S000-02…S000-11, S001-019)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from aiohttp import web

from hotline.errors import BadInput
from hotline.journal.model import AppealRow, Draft, Folder
from hotline.web import titles
from hotline.web.access import opens
from hotline.web.admin_areas import areas_of
from hotline.web.context import current_user, is_fragment, services
from hotline.web.forms import query_text
from hotline.web.i18n import gettext, show_number
from hotline.web.render import page
from hotline.web.shell import FolderLink, folder_links
from hotline.web.titles import Mark, urgency_mark

_NUMBER = re.compile(r"[\w-]{0,20}\d[\d-]{4,}")
"""What looks like the number of an appeal: the only search that may stand in an address (DAY-29)."""


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One line of the list as the template shows it."""

    number: str
    url: str
    urgency: Mark
    appeal_at: datetime
    due_at: datetime | None
    applicant: str
    phone: str
    type_title: str
    topic_title: str
    status_title: str
    owner_name: str


@dataclass(frozen=True, slots=True)
class DraftLink:
    """An unfinished card that its owner can go on with (DAY-17)."""

    url: str
    title: str
    saved_at: datetime


@dataclass(frozen=True, slots=True)
class JournalPage:
    """The list with its surroundings."""

    title: str
    folder: str
    q: str
    query_string: str
    rows: list[JournalRow]
    drafts: list[DraftLink]
    next_url: str | None
    first_url: str | None


def journal_row(row: AppealRow) -> JournalRow:
    """Return a line of the list as the template shows it."""
    return JournalRow(
        number=row.number,
        url=f"/appeals/{row.id}",
        urgency=urgency_mark(row.colour, row.due_at),
        appeal_at=row.appeal_at,
        due_at=row.due_at,
        applicant=row.applicant,
        phone=row.phone,
        type_title=row.type,
        topic_title=row.topic,
        status_title=row.status,
        owner_name=row.owner,
    )


def draft_link(draft: Draft) -> DraftLink:
    """Return a link to go on with an unfinished card."""
    name = " ".join(filter(None, (draft.fields.get("applicant_last_name"), draft.fields.get("applicant_first_name"))))
    phone = draft.fields.get("applicant_phone", "")
    title = name or (show_number(phone) if phone else gettext("New card"))
    return DraftLink(f"/appeals/new?draft={draft.id}", title, draft.saved_at)


async def index(request: web.Request) -> web.StreamResponse:
    """Show the shell with the journal (S001-019); whom no appeal concerns is led to his own first page."""
    user = current_user(request)
    if not opens(user, "/journal"):
        raise web.HTTPSeeOther("/admin" if areas_of(user) else "/directory")
    return await listing(request)


async def listing(request: web.Request) -> web.StreamResponse:
    """Show one folder of the journal, a page at a time."""
    user = current_user(request)
    its = services(request)
    q = query_text(request, "q", limit=100)
    after = query_text(request, "after") or None
    counts = await its.lists.folders(user)
    folder = _folder(request, [one.folder for one in counts])
    found = await its.lists.appeals(user, folder, q=q, after=after)
    drafts = await its.drafts.open(user) if after is None and not q else ()
    query = {"folder": str(folder)} | ({"q": q} if q else {})
    view = JournalPage(
        title=titles.folder_title(folder),
        folder=folder,
        q=q,
        query_string=f"?{urlencode(query)}",
        rows=[journal_row(row) for row in found.rows],
        drafts=[draft_link(draft) for draft in drafts],
        next_url=f"/journal?{urlencode({**query, 'after': found.after})}" if found.after else None,
        first_url=f"/journal?{urlencode(query)}" if after else None,
    )
    folders: list[FolderLink] = folder_links(counts)
    response = await page(request, "pages/journal.html", {"page": view, "folders": folders}, section="journal")
    if is_fragment(request) and q and not _NUMBER.fullmatch(q):
        # A name or a telephone must not stay in the address bar and the history (DAY-29).
        response.headers["HX-Push-Url"] = f"/journal?{urlencode({'folder': str(folder)})}"
    return response


def _folder(request: web.Request, visible: list[Folder]) -> Folder:
    wanted = request.query.get("folder", "")
    if not wanted:
        return visible[0] if visible else Folder.ALL
    try:
        folder = Folder(wanted)
    except ValueError as error:
        raise BadInput("there is no such folder", details={"folder": "unknown"}) from error
    return folder
