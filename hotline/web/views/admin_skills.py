"""Skills of everybody in one form: only the changed rows are sent, all of them are stored or none (S001-012)."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from hotline.errors import BadInput, Conflict
from hotline.queue.lines_model import Kind, Person
from hotline.web.context import current_user, services, wants_json
from hotline.web.forms import form_fields
from hotline.web.i18n import gettext
from hotline.web.lines_forms import record_from
from hotline.web.views import admin_lines
from hotline.web.views.admin_forms import REFUSALS, refused, version_of


async def save_all(request: web.Request) -> web.StreamResponse:
    """Store the changed rows: ``version_<user>`` and ``level_<skill>_<user>``; the exchange has them at once."""
    its, by = services(request), current_user(request)
    sent = await form_fields(request)
    people = {one.user.id: one.user for one in await its.staff.people.takers(by)}
    rows = _rows(sent)
    if unknown := rows.keys() - people.keys():
        raise BadInput("there is no such employee", details={f"version_{min(unknown)}": "unknown"})
    try:
        if not rows:
            raise BadInput("nothing was changed", error_id="no-places", details={"version": "required"})
        wanted = {
            user_id: (_person(row), version_of(row), its.staff.noting(by, (f"lines.{Kind.PERSON}", str(user_id))))
            for user_id, row in rows.items()
        }
        stored = await its.line_rules.put_people(wanted)
    except REFUSALS as error:
        if wants_json(request):
            raise
        context = await admin_lines.with_typed(request, rows)
        users = error.details.get("users") if isinstance(error, Conflict) else None
        if isinstance(users, list):
            words = gettext(
                "Somebody else changed the skills of: %(names)s."
                " What you typed is kept below; look at it and save again."
            )
            names = (people[one].full_name for one in users if one in people)
            context["problem"] = words % {"names": ", ".join(names)}
        return await refused(request, error, admin_lines.LIST, context)
    return await admin_lines.done(request, versions={str(key): version for key, version in stored.items()})


def _person(row: Mapping[str, str]) -> Person:
    record = record_from(Kind.PERSON, row)
    if not isinstance(record, Person):
        raise TypeError(record)
    return record


def _rows(sent: Mapping[str, str]) -> dict[int, dict[str, str]]:
    """Return the fields of each person as his own form would have them; what names nobody is left out."""
    found: dict[int, dict[str, str]] = {}
    for name, text in sent.items():
        field, _, number = name.rpartition("_")
        if number.isascii() and number.isdecimal() and len(number) < 19 and (field == "version" or "level_" in field):
            found.setdefault(int(number), {})[field] = text
    return {user_id: row for user_id, row in found.items() if "version" in row}
