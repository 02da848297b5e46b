"""Dialogs and buttons of the life cycle: whatever the profile lets this reader do with an appeal (domain 2.3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from hotline.errors import BadInput
from hotline.journal.complaint import Justified
from hotline.journal.lifecycle_model import MoveForm
from hotline.journal.targets_model import MoveDialog, Place, Targets
from hotline.web.context import current_user, services, wants_json
from hotline.web.error_texts import warning_text
from hotline.web.forms import form_fields, path_id, query_text
from hotline.web.i18n import current, gettext, local_time, mark
from hotline.web.render import fragment, page
from hotline.web.services import Services
from hotline.web.shell import Presence, presence
from hotline.web.titles import role_title
from hotline.web.views.appeal import checked_comment, sent_version

MAX_LINE = 500
_DAY_END = time(23, 59, 59)

_PLACES = {
    Place.FUND: mark("Fund"),
    Place.INSURER: mark("Citizen's insurer"),
    Place.OTHER_INSURER: mark("Another insurer (outsourcing)"),
    Place.OTHER_FUND: mark("Another fund (outsourcing)"),
    Place.ELSEWHERE: mark("Another organisation"),
}
_JUSTIFIED = {
    Justified.YES: mark("justified"),
    Justified.PARTLY: mark("partly justified"),
    Justified.NO: mark("not justified"),
    Justified.NOT_APPLICABLE: mark("not applicable"),
}


@dataclass(frozen=True, slots=True)
class TargetRow:
    """One line of the list of those to whom an appeal may go."""

    value: str
    title: str
    hint: str
    place: str
    presence: Presence | None = None
    needs_reason: bool = False


async def show(request: web.Request) -> web.StreamResponse:
    """Show what a move asks: a fragment for the dialog, a page of its own for a browser without our script."""
    its, user = services(request), current_user(request)
    appeal_id = path_id(request)
    asked = await its.appeals.dialog(user, appeal_id, request.match_info["trigger"])
    context = {"appeal_id": appeal_id, "move": move_view(asked, its)}
    if query_text(request, "dialog", limit=1):
        return fragment(request, "includes/move_form.html", context)
    return await page(request, "pages/move.html", context, section="journal")


async def make(request: web.Request) -> web.StreamResponse:
    """Make a move. JSON ``{id, version, status, warnings}`` for a script, else back to the appeal's page.

    400 ``move-incomplete`` names the fields in ``details``; 409 ``stale-appeal`` carries ``details.version``.
    """
    its, user = services(request), current_user(request)
    sent = await form_fields(request)
    version = sent_version(sent)
    form = move_form(sent, current().zone)
    appeal = await its.appeals.fire(user, path_id(request), request.match_info["trigger"], version, form)
    if wants_json(request):
        return web.json_response(
            {
                "id": appeal.id,
                "version": appeal.version,
                "status": appeal.status.title,
                "warnings": [warning_text(warning) for warning in appeal.warnings],
            }
        )
    return web.Response(status=303, headers={"Location": f"/appeals/{appeal.id}"})


def move_form(sent: dict[str, str], zone: ZoneInfo) -> MoveForm:
    """Read the fields of a dialog.

    :raises BadInput: a field cannot be read; ``details`` names it.
    """
    user_id, role, org_id = _target(sent.get("to", ""))
    for name in ("organisation", "link"):
        if len(sent.get(name, "")) > MAX_LINE:
            raise BadInput("too long", error_id="move-incomplete", details={name: f"at most {MAX_LINE} characters"})
    return MoveForm(
        comment=checked_comment(sent),
        result=sent.get("result", ""),
        measures=_long(sent.get("measures", "")),
        to_user_id=user_id,
        to_role=role,
        to_org_id=org_id,
        due_at=_moment(sent.get("due_at", ""), zone),
        written_close_date=_day("written_close_date", sent.get("written_close_date", "")),
        link=sent.get("link", "").strip(),
        organisation=sent.get("organisation", "").strip(),
        notice=bool(sent.get("notice")),
        justified=sent.get("justified", ""),
    )


def _long(text: str) -> str:
    if len(text) > 99_999:
        raise BadInput("too long", error_id="move-incomplete", details={"measures": "at most 99999 characters"})
    return text.strip()


def _target(text: str) -> tuple[int | None, str, int | None]:
    """Read ``user:12``, ``group:sp2:5`` or ``group:sp2:`` (of the citizen's own insurer)."""
    kind, _, rest = text.partition(":")
    if not text:
        return None, "", None
    if kind == "user" and _number(rest):
        return int(rest), "", None
    role, _, organisation = rest.partition(":")
    if kind == "group" and role and (not organisation or _number(organisation)):
        return None, role, int(organisation) if organisation else None
    raise BadInput("to whom?", error_id="move-incomplete", details={"to": "unknown"})


def _number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18


def _day(name: str, text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput("not a date", error_id="move-incomplete", details={name: "not a date"}) from error


def _moment(text: str, zone: ZoneInfo) -> datetime | None:
    """Read a day, which ends with its last second, or a day and a time, in the organisation's zone."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput("not a date", error_id="move-incomplete", details={"due_at": "not a date"}) from error
    if len(text) <= len("2026-11-20"):
        moment = datetime.combine(moment.date(), _DAY_END)
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment


def move_view(asked: MoveDialog, its: Services) -> dict[str, Any]:
    """Return a dialog as its template shows it."""
    return {
        "trigger": asked.trigger,
        "title": asked.title,
        "icon": asked.icon,
        "style": asked.style or "primary",
        "number": asked.number,
        "version": asked.version,
        "fields": asked.fields,
        "required": asked.required,
        "results": [
            {"code": one.code, "title": one.title, "fields": " ".join(one.fields), "button": one.button}
            for one in asked.results
        ],
        "result": asked.result,
        "measures": asked.measures,
        "targets": _rows(asked.targets, its),
        "places": [(place.value, gettext(_PLACES[place])) for place in asked.targets.places],
        "due_at": asked.due_at,
        "offered": local_time(asked.offered).date().isoformat() if asked.offered else "",
        "justified": [(value.value, gettext(word)) for value, word in _JUSTIFIED.items()],
        "today": local_time(its.clock.now()).date().isoformat(),
    }


def _rows(targets: Targets, its: Services) -> list[TargetRow]:
    groups = [
        TargetRow(
            f"group:{one.role}:{one.organisation_id}",
            gettext("Anybody: %(role)s") % {"role": role_title((one.role,))},
            f"{one.organisation} · {one.members}",
            one.place.value,
        )
        for one in targets.groups
    ]
    people = [
        TargetRow(
            f"user:{one.user_id}",
            one.full_name,
            f"{role_title(one.roles)} · {one.organisation}",
            one.place.value,
            presence(its, one.extension) if one.extension else None,
            one.needs_reason,
        )
        for one in targets.people
    ]
    return [*groups, *people]
