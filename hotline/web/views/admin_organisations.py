"""Administration of organisations (right ``user.manage`` or ``dict.edit``): the tree, one organisation, its history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from aiohttp import web

from hotline.staff.admin_model import ORGANISATION_KINDS, Change, OrganisationForm, OrganisationLine
from hotline.staff.admin_rules import everywhere
from hotline.web.context import current_user, services
from hotline.web.forms import form_fields, path_id
from hotline.web.i18n import gettext, mark
from hotline.web.render import page
from hotline.web.views.admin_forms import REFUSALS, note_title, refused, saved, undo_of, version_of

FORM = "pages/admin_organisation.html"
_KINDS = dict(
    zip(
        ORGANISATION_KINDS,
        (
            mark("territorial fund"), mark("insurer (СМО)"), mark("clinic"), mark("federal body"),
            mark("territorial body"), mark("executive body"), mark("insurer"), mark("provider"),
            mark("plan operator"), mark("other"),
        ),
        strict=True,
    )
)  # fmt: skip
_TEXTS = ("code", "kind", "name", "short_name", "region_code", "parent_id", "phone", "time_zone")
_FIELDS = {
    "code": mark("Code"),
    "kind": mark("Kind"),
    "name": mark("Full name of the organisation"),
    "short_name": mark("Short name"),
    "region_code": mark("Region code"),
    "parent_id": mark("Belongs to"),
    "phone": mark("Telephone"),
    "time_zone": mark("Time zone"),
    "is_own_region": mark("of our own region"),
    "active": mark("in use"),
}


async def listing(request: web.Request) -> web.StreamResponse:
    """Show the tree."""
    by = current_user(request)
    tree = await services(request).staff.organisations.tree(by)
    rows = [{"line": one, "kind": kind_title(one.form.kind)} for one in tree]
    context = {"rows": rows, "editable": everywhere(by.organisation)}
    return await page(request, "pages/admin_organisations.html", context, section="admin")


async def new(request: web.Request) -> web.StreamResponse:
    """Show an empty form."""
    return await page(request, FORM, await _context(request, OrganisationForm(kind="mo")), section="admin")


async def create(request: web.Request) -> web.StreamResponse:
    """Add an organisation."""
    form = _form(await form_fields(request))
    try:
        made = await services(request).staff.organisations.save(current_user(request), None, form)
    except REFUSALS as error:
        return await refused(request, error, FORM, await _context(request, form))
    return saved(request, f"/admin/organisations/{made}", id=made)


async def show(request: web.Request) -> web.StreamResponse:
    """Show an organisation."""
    line, history = await services(request).staff.organisations.get(current_user(request), path_id(request))
    context = await _context(request, line.form, line, history)
    return await page(request, FORM, context, section="admin")


async def save(request: web.Request) -> web.StreamResponse:
    """Change an organisation."""
    its, by, organisation_id = services(request), current_user(request), path_id(request)
    sent = await form_fields(request)
    form = _form(sent)
    try:
        await its.staff.organisations.save(by, organisation_id, form, version_of(sent))
    except REFUSALS as error:
        line, history = await its.staff.organisations.get(by, organisation_id)
        return await refused(request, error, FORM, await _context(request, form, line, history))
    return saved(request, f"/admin/organisations/{organisation_id}", id=organisation_id)


def kind_title(code: str) -> str:
    """Name a kind of organisations; one that only a profile knows is shown as it is."""
    return gettext(_KINDS[code]) if code in _KINDS else code


async def _context(
    request: web.Request,
    form: OrganisationForm,
    line: OrganisationLine | None = None,
    history: tuple[Change, ...] = (),
) -> dict[str, Any]:
    by = current_user(request)
    others = [one for one in await services(request).staff.organisations.tree(by) if line is None or one.id != line.id]
    parents = [(one.id, one.form.short_name) for one in others]
    titles = {str(code): name for code, name in parents}
    current = asdict(line.form) if line is not None else {}
    return {
        "line": line,
        "form": form,
        "editable": everywhere(by.organisation),
        "kinds": [(code, kind_title(code)) for code in ORGANISATION_KINDS],
        "parents": parents,
        "history": [
            {
                "change": one,
                "note": note_title(one.note),
                "fields": [
                    (gettext(_FIELDS.get(name, name)), _told(one.before.get(name), titles), _told(value, titles))
                    for name, value in one.after.items()
                ]
                if one.note != "created"
                else [],
                "undo": _undo(current, undo_of(one, current)),
            }
            for one in history
        ],
    }


def _undo(current: Mapping[str, Any], back: Mapping[str, Any] | None) -> dict[str, str] | None:
    if back is None:
        return None
    fields = {**current, **back}
    return {name: ("1" if value is True else str(value)) for name, value in fields.items() if value not in {False, ""}}


def _told(value: object, parents: Mapping[str, str]) -> str:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    text = str(value or "")
    return parents.get(text) or (kind_title(text) if text in _KINDS else text) or "—"


def _form(sent: Mapping[str, str]) -> OrganisationForm:
    code, kind, name, short, region, parent, phone, zone = (sent.get(field, "") for field in _TEXTS)
    own, active = (bool(sent.get(field)) for field in ("is_own_region", "active"))
    return OrganisationForm(code, kind, name, short, region, parent, phone, zone, own, active)
