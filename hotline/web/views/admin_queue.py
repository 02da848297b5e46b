"""Administration of the queue (right ``queue.manage``): who takes calls from it and in which order; at once."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from hotline.errors import NotFound, Unavailable
from hotline.queue.places import Place, QueuePlaces
from hotline.staff.model import Right, Role, User
from hotline.web.context import current_user, services
from hotline.web.forms import form_fields, path_id
from hotline.web.i18n import gettext, mark
from hotline.web.render import page
from hotline.web.services import Services
from hotline.web.shell import presence
from hotline.web.titles import role_title
from hotline.web.views.admin_forms import REFUSALS, refused, saved, undo_of, version_of

TEMPLATE = "pages/admin_queue.html"
BY_ROLE = (Role.OP1, Role.SP1)
"""Level 1 stands in the queue unless an administrator says otherwise (S001-012, S001-016)."""


async def standing_of(its: Services, user: User) -> dict[str, int]:
    """Return the queues that somebody stands in when he is at work, with his place in each (S001-012).

    When the database does not answer, his role decides about the installation's own queue; the rest follows.
    """
    by_role = user.has_role(*BY_ROLE)
    try:
        return await its.line_rules.places_of(user.id, by_role=by_role)
    except Unavailable:
        return {its.settings.queue: 0} if by_role else {}  # a shift begins all the same


async def place_of(its: Services, user: User) -> Place:
    """Return somebody's place in the installation's queue; his role's when the database does not answer."""
    by_role = user.has_role(*BY_ROLE)
    try:
        return await QueuePlaces(its.database, its.settings.queue).of(user.id, by_role=by_role)
    except Unavailable:
        return Place(by_role)  # a shift begins all the same


async def listing(request: web.Request) -> web.StreamResponse:
    """Show everybody who may take calls, with his place and his present state."""
    return await page(request, TEMPLATE, await _context(request), section="admin")


async def save(request: web.Request) -> web.StreamResponse:
    """Change somebody's place; the running queue has it before this answers, unless Asterisk is away."""
    its, by, user_id = services(request), current_user(request), path_id(request)
    person = await _person(its, by, user_id)
    sent = await form_fields(request)
    before = await place_of(its, person)
    try:
        penalty = int(sent["penalty"]) if sent.get("penalty", "").isdecimal() else -1
        place = await QueuePlaces(its.database, its.settings.queue).put(
            user_id, member=bool(sent.get("member")), penalty=penalty, version=version_of(sent)
        )
        await its.staff.note_change(by, ("queue", user_id), _facts(before), _facts(place))
        standing = await standing_of(its, person)
        places = tuple(standing.values())
        await its.desk.reassign(user_id, tuple(standing), next(iter(places), 0), places)
    except (*REFUSALS, Unavailable) as error:
        return await refused(request, error, TEMPLATE, await _context(request))
    return saved(request, "/admin/queue", id=user_id, version=place.version)


async def _context(request: web.Request) -> dict[str, Any]:
    its, by = services(request), current_user(request)
    people = [one.user for one in await its.staff.people.takers(by)]
    places = await QueuePlaces(its.database, its.settings.queue).all(one.id for one in people)
    rows = []
    for user in people:
        place = places.get(user.id, Place(user.has_role(*BY_ROLE)))
        rows.append(
            {
                "user": user,
                "roles": role_title(user.roles),
                "place": place,
                "presence": presence(its, user.extension),
                "applied": its.desk.applied(user.id),
            }
        )
    return {"rows": rows, "queue_name": its.settings.queue, "history": await _history(its, rows)}


async def _history(its: Services, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return who changed whose place, newest first, each with the form that leads back to what was before."""
    people = {str(row["user"].id): row for row in rows}
    found = []
    for user_id, change in await its.staff.changes_of("queue", (row["user"].id for row in rows)):
        row = people[user_id]
        back = undo_of(change, _facts(row["place"]))
        found.append(
            {
                "change": change,
                "user": row["user"],
                "fields": [
                    (gettext(_TITLES.get(name, name)), _told(change.before.get(name)), _told(value))
                    for name, value in change.after.items()
                ],
                "undo": None if back is None else _form({**_facts(row["place"]), **back}),
                "version": row["place"].version,
            }
        )
    return found


def _form(facts: dict[str, Any]) -> dict[str, str]:
    """Return a place as its form sends it; a box that is not ticked is not sent."""
    return {"penalty": str(facts["penalty"])} | ({"member": "1"} if facts["member"] else {})


_TITLES = {"member": mark("takes calls"), "penalty": mark("Place in the queue")}


def _told(value: object) -> str:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return "—" if value is None else str(value)


async def _person(its: Services, by: User, user_id: int) -> User:
    found = next((one.user for one in await its.staff.people.takers(by) if one.user.id == user_id), None)
    if found is None or not found.may(Right.CALL_TAKE):
        raise NotFound("there is no such employee")
    return found


def _facts(place: Place) -> dict[str, object]:
    return {"member": place.member, "penalty": place.penalty}
