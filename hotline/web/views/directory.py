"""The telephone directory (S001-034, S001-035, S001-061): colleagues with live state, organisations, external contacts;
one's own favourites on top; its editing, import and export by who may edit dictionaries.

A search comes by POST, so that names stand in no address (DAY-29).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from aiohttp import web

from hotline.errors import BadInput, Conflict, HotlineError
from hotline.journal.personquery import mend_layout
from hotline.staff.contact_file import read_table
from hotline.staff.contact_model import FIELDS, Contact, ContactFields, Kind, ReadContacts, Rejected, read_rows
from hotline.staff.contacts import Imported
from hotline.staff.model import User
from hotline.web.context import client_address, current_user, is_fragment, services
from hotline.web.error_texts import field_text
from hotline.web.forms import form_fields, path_id, query_text
from hotline.web.i18n import gettext, local_time, mark
from hotline.web.render import fragment, page
from hotline.web.services import Services
from hotline.web.spreadsheet import CSV_TYPE, XLSX_TYPE, Sheet, Value, csv_bytes
from hotline.web.views.people import DirectoryPerson, directory_person

EDIT = "dict.edit"
COLLEAGUES = 100
PREVIEW = 20
"""Rows of a file that its preview shows; of rejected ones ten times as many."""
LABELS = {
    "name": mark("Name"),
    "organisation": mark("Organisation"),
    "number": mark("Number"),
    "hours": mark("Hours"),
    "note": mark("Note"),
}


@dataclass(frozen=True, slots=True)
class DirectoryPage:
    """The directory and what was searched."""

    q: str
    favourites: list[DirectoryPerson | Contact]
    people: list[DirectoryPerson]
    organisations: list[Contact]
    contacts: list[Contact]
    editable: bool


@dataclass(frozen=True, slots=True)
class ContactForm:
    """The form of a contact. After a conflict ``stored`` has what somebody else saved, by field."""

    id: int | None
    version: int
    values: Mapping[str, str]
    labels: Mapping[str, str]
    errors: Mapping[str, str] = field(default_factory=dict)
    stored: Mapping[str, str] = field(default_factory=dict)


async def listing(request: web.Request) -> web.StreamResponse:
    """Show the directory, searched by name, organisation, number or note."""
    its, user = services(request), current_user(request)
    if request.method == "GET":
        q = query_text(request, "q", limit=100)
    else:
        q = (await form_fields(request)).get("q", "").strip()[:100]
    context = {"page": await _page(its, user, q)}
    answer = await page(request, "pages/directory.html", context, section="directory")
    # Only who goes to the directory: the header would also move the address of a page that searches in a panel.
    if is_fragment(request) and request.headers.get("HX-Target", "work") == "work":
        answer.headers["HX-Push-Url"] = "/directory"
    return answer


async def favourite(request: web.Request) -> web.Response:
    """Put a line on top of one's own directory, or back; answer the rows anew."""
    its, user = services(request), current_user(request)
    values = await form_fields(request)
    kind, ref = values.get("kind", ""), values.get("ref", "")
    if kind not in list(Kind) or not (ref.isascii() and ref.isdigit()) or len(ref) > 18:
        raise BadInput("there is no such line", details={"ref": "unknown"})
    await its.staff.contacts.keep_on_top(user, Kind(kind), int(ref), on=values.get("on") == "1")
    shown = await _page(its, user, values.get("q", "").strip()[:100])
    return fragment(request, "includes/directory_rows.html", {"page": shown})


async def new(request: web.Request) -> web.StreamResponse:
    """Show an empty form."""
    return await _form(request, ContactForm(None, 0, dict.fromkeys(FIELDS, ""), _labels()))


async def edit(request: web.Request) -> web.StreamResponse:
    """Show the form of a contact."""
    found = await services(request).staff.contacts.get(path_id(request))
    values = {name: getattr(found.fields, name) for name in FIELDS}
    return await _form(request, ContactForm(found.id, found.version, values, _labels()))


async def save(request: web.Request) -> web.StreamResponse:
    """Add or change a contact; with what is wrong, or what somebody else saved, the form again as it was typed."""
    contacts, user = services(request).staff.contacts, current_user(request)
    values = await form_fields(request)
    fields = ContactFields.of(values)
    contact_id = path_id(request) if "id" in request.match_info else None
    version = _version(values)
    form = ContactForm(contact_id, version, {name: values.get(name, "") for name in FIELDS}, _labels())
    try:
        if contact_id is None:
            await contacts.add(user, fields)
        elif values.get("close") == "1":
            await contacts.close(user, contact_id, version)
        else:
            await contacts.change(user, contact_id, fields, version)
    except BadInput as error:
        errors = {name: field_text(str(text)) for name, text in error.details.items()}
        return await _form(request, replace(form, errors=errors), error)
    except Conflict as error:
        different = error.details["fields"]
        now = error.details["version"]
        if not isinstance(different, dict) or not isinstance(now, int):
            raise
        stored = {name: both[1] for name, both in different.items()}
        return await _form(request, replace(form, version=now, stored=stored), error)
    return web.Response(status=303, headers={"Location": "/directory"})


async def preview(request: web.Request) -> web.Response:
    """Read a file (the body of the request) and show what importing it would do."""
    return await _import(request, apply=False)


async def apply(request: web.Request) -> web.Response:
    """Import a file."""
    return await _import(request, apply=True)


async def export(request: web.Request) -> web.StreamResponse:
    """Give out the external contacts as CSV, or with ``format=xlsx`` as a workbook."""
    its, user = services(request), current_user(request)
    kind = query_text(request, "format", limit=10) or "csv"
    if kind not in {"csv", "xlsx"}:
        raise BadInput("there is no such format", details={"format": "csv or xlsx"})
    found = await its.staff.contacts.every()
    heading = [gettext(LABELS[name]) for name in FIELDS]
    rows = [[getattr(one.fields, name) for name in FIELDS] for one in found]
    if kind == "csv":
        body = csv_bytes([heading, *rows], first=True)
    else:
        sheet = Sheet(gettext("Directory"), heading)
        await asyncio.to_thread(sheet.append, rows)
        with await asyncio.to_thread(sheet.save) as file:
            body = file.read()
    await its.staff.contacts.exported(user, len(rows), client_address(request))
    day = local_time(its.clock.now()).strftime("%Y-%m-%d")
    headers = {"Content-Disposition": f'attachment; filename="directory-{day}.{kind}"'}
    if kind == "csv":
        return web.Response(body=body, content_type=CSV_TYPE, charset="utf-8", headers=headers)
    return web.Response(body=body, content_type=XLSX_TYPE, headers=headers)


def readings(q: str) -> list[tuple[str, ...]]:
    """Return each word with what it would be on the other keyboard layout."""
    mended = mend_layout(q).split()
    typed = q.split()
    if len(mended) != len(typed):
        mended = typed
    return [tuple(dict.fromkeys(pair)) for pair in zip(typed, mended, strict=True)]


async def _import(request: web.Request, *, apply: bool) -> web.Response:
    user = current_user(request)
    data = await request.read()
    table = await asyncio.to_thread(read_table, data)
    read = await asyncio.to_thread(read_rows, table)
    if read is None:
        raise BadInput(
            "no columns of names and numbers", error_id="no-contact-columns", details={"file": "name and number"}
        )
    done = await services(request).staff.contacts.take(user, read.rows, apply=apply)
    return fragment(request, "includes/contact_import.html", {"preview": _preview(read, done, applied=apply)})


def _preview(read: ReadContacts, done: Imported, *, applied: bool) -> dict[str, object]:
    rejected = [(one.line, one.cells, _why(one)) for one in read.rejected]
    heading = [gettext("Line"), gettext("What is wrong"), gettext("Row of the file")]
    lines: list[list[Value]] = [[line, why, " | ".join(cells)] for line, cells, why in rejected]
    as_file = csv_bytes([heading, *lines])
    return {
        "done": done,
        "applied": applied,
        "columns": {gettext(LABELS[name]): heading for name, heading in read.columns.items()},
        "rows": read.rows[:PREVIEW],
        "total": len(read.rows),
        "rejected": rejected[: PREVIEW * 10],
        "rejected_total": len(rejected),
        "rejected_file": as_file.decode(),
    }


def _why(row: Rejected) -> str:
    return "; ".join(f"{gettext(LABELS[name])}: {field_text(text)}" for name, text in row.problems.items())


async def _page(its: Services, user: User, q: str) -> DirectoryPage:
    entries = await its.staff.directory(q, COLLEAGUES, mended=mend_layout(q))
    kept = await its.staff.contacts.favourites(user, Kind.PERSON)
    people = [replace(directory_person(its, entry), favourite=entry.user_id in kept) for entry in entries]
    found = await its.staff.contacts.search(user, readings(q))
    return DirectoryPage(
        q=q,
        favourites=[*(one for one in people if one.favourite), *(one for one in found if one.favourite)],
        people=[one for one in people if not one.favourite],
        organisations=[one for one in found if one.kind is Kind.ORGANISATION and not one.favourite],
        contacts=[one for one in found if one.kind is Kind.CONTACT and not one.favourite],
        editable=user.may(EDIT),
    )


async def _form(request: web.Request, form: ContactForm, error: HotlineError | None = None) -> web.StreamResponse:
    status = 200 if error is None else error.status
    return await page(request, "pages/contact.html", {"form": form}, section="directory", status=status)


def _labels() -> dict[str, str]:
    return {name: gettext(label) for name, label in LABELS.items()}


def _version(values: Mapping[str, str]) -> int:
    text = values.get("version", "0")
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise BadInput("no version", details={"version": "not a number"})
    return int(text)
