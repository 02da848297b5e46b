"""The journal: folders, orders, filters, kept lists (S000-02…S000-11, S001-019)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from hotline.errors import BadInput
from hotline.journal.listing import Filters, FolderDef, ListSettings, Order, SavedView
from hotline.journal.model import AppealRow, Page
from hotline.staff.model import Right, User
from hotline.web import journal_page
from hotline.web.access import opens
from hotline.web.admin_areas import areas_of
from hotline.web.bulk_words import bulk_buttons
from hotline.web.context import current_user, is_fragment, services
from hotline.web.forms import form_fields, path_id
from hotline.web.i18n import current
from hotline.web.journal_page import JournalPage, JournalRow, journal_row
from hotline.web.render import page
from hotline.web.services import Services
from hotline.web.shell import folder_links

__all__ = ["JournalRow", "index", "journal_row", "listing"]

Q_LENGTH = 100
BULK = "appeal.bulk"
EXPORT = "appeal.export"


@dataclass(frozen=True, slots=True)
class Asked:
    """The list that a request asks for, after the user's own settings."""

    folder: FolderDef
    filters: Filters
    order: Order
    settings: ListSettings
    q: str
    after: str | None

    @property
    def query(self) -> dict[str, str]:
        """What makes this list, as the query of its address. Never what was searched (DAY-29, ADR 0019)."""
        return {"folder": self.folder.code, "order": str(self.order), **self.filters.query()}


async def index(request: web.Request) -> web.StreamResponse:
    """Show the shell with the first page that is this user's: the journal (S001-019), administration, the directory."""
    user = current_user(request)
    if not opens(user, "/journal"):
        if user.permissions == {Right.BOARD_WALL}:
            raise web.HTTPSeeOther("/wallboard")
        raise web.HTTPSeeOther("/admin" if areas_of(user) else "/directory")
    return await listing(request)


async def listing(request: web.Request) -> web.StreamResponse:
    """Show one folder of the journal, a page at a time. A search comes by POST: its text stands in no address."""
    user = current_user(request)
    its = services(request)
    values = dict(request.query) if request.method == "GET" else await form_fields(request)
    return await _show(request, await ask(its, user, values))


async def _show(request: web.Request, asked: Asked, *, dropped: SavedView | None = None) -> web.StreamResponse:
    its, user = services(request), current_user(request)
    found = await its.lists.appeals(
        user, asked.folder.code, order=asked.order, filters=asked.filters, after=asked.after, q=asked.q
    )
    view = await _view(its, user, asked, found)
    folders = folder_links(await its.lists.folders(user))
    context = {"page": view, "folders": folders, "dropped": dropped}
    response = await page(request, "pages/journal.html", context, section="journal")
    if is_fragment(request):
        shown = {**asked.query, "after": asked.after} if asked.after and not asked.q else asked.query
        response.headers["HX-Push-Url"] = journal_page.address({name: text for name, text in shown.items() if text})
    return response


async def ask(its: Services, user: User, values: Mapping[str, str]) -> Asked:
    """Understand which list is asked for.

    An order that is asked for by name is the user's own from now on; an order that he chose before holds as long as
    the list is short enough for it.

    :raises BadInput: a filter, an order or a search that nobody can have meant.
    :raises Forbidden: the user has no such folder.
    """
    q = values.get("q", "").strip()
    if len(q) > Q_LENGTH:
        raise BadInput("the search is too long", details={"q": f"at most {Q_LENGTH} characters"})
    folder = await its.lists.folder(user, values.get("folder", ""))
    filters = Filters.parse(values)
    settings = await its.lists.settings.settings(user)
    order = settings.order(folder)
    if text := values.get("order", ""):
        try:
            wanted = Order.parse(text)
        except ValueError as error:
            raise BadInput("there is no such order", details={"order": "unknown"}) from error
        if wanted != order and wanted.by in folder.orders(user, filters):
            await its.lists.settings.keep_order(user, folder, wanted)
        order = wanted
    elif order.by not in folder.orders(user, filters):
        order = folder.order
    return Asked(folder, filters, order, settings, q, values.get("after") or None)


async def columns(request: web.Request) -> web.StreamResponse:
    """Keep which columns the user sees; then show the list again."""
    its, user = services(request), current_user(request)
    values = await form_fields(request)
    shown = {one.code for one in journal_page.COLUMNS if values.get(f"column_{one.code}")}
    hidden = {one.code for one in journal_page.COLUMNS} - shown - journal_page.FIXED
    await its.lists.settings.hide(user, frozenset(hidden))
    return _back(await ask(its, user, _list_of(values)))


async def keep(request: web.Request) -> web.StreamResponse:
    """Keep the list under a name."""
    its, user = services(request), current_user(request)
    values = await form_fields(request)
    asked = await ask(its, user, _list_of(values))
    await its.lists.settings.keep_view(user, values.get("title", ""), asked.folder, asked.order, asked.filters)
    return _back(asked)


async def forget(request: web.Request) -> web.StreamResponse:
    """Forget a kept list; the list itself stays on the page, and one button keeps it again.

    Its name may be a citizen's: it stands in no address, so what offers the way back is the answer itself.
    """
    its, user = services(request), current_user(request)
    gone = await its.lists.settings.drop_view(user, path_id(request))
    asked = await ask(its, user, gone.query)
    return await _show(request, asked, dropped=gone) if is_fragment(request) else _back(asked)


def _list_of(values: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in values.items() if name not in {"q", "after", "title"}}


def _back(asked: Asked) -> web.Response:
    return web.Response(status=303, headers={"Location": journal_page.address(asked.query)})


async def _view(its: Services, user: User, asked: Asked, found: Page[AppealRow]) -> JournalPage:
    query = asked.query
    first = asked.after is None
    choices = await its.lists.settings.choices(user)
    drafts = await its.drafts.open(user) if first and not asked.q and not asked.filters.any else ()
    columns = journal_page.shown_columns(asked.settings)
    further = bool(found.after) and not asked.q
    return JournalPage(
        title=asked.folder.title_in(current().language),
        folder=asked.folder.code,
        order=str(asked.order),
        q=asked.q,
        query=query,
        query_string=journal_page.address(query),
        headings=journal_page.headings(columns, asked.folder, user, asked.filters, asked.order, query),
        columns=journal_page.column_choices(asked.settings),
        chips=journal_page.chips(asked.filters, choices, query),
        filters=journal_page.filter_fields(asked.filters, choices),
        views=journal_page.view_links(asked.settings.views, query),
        rows=[journal_row(row) for row in found.rows],
        drafts=[journal_page.draft_link(draft) for draft in drafts],
        after=found.after,
        next_url=journal_page.address({**query, "after": found.after}) if further and found.after else None,
        first_url=journal_page.address(query) if not first and not asked.q else None,
        clear_url=journal_page.address({"folder": asked.folder.code, "order": str(asked.order)}),
        selectable=user.may(BULK),
        bulk=bulk_buttons(user),
        exportable=user.may(EXPORT),
    )
