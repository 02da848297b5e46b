"""Administration of queues' members (right ``queue.manage``): who takes calls from which queue and when; at once.

One form for a whole queue: only the rows that somebody changed are sent, all of them are stored or none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from aiohttp import web

from hotline.board.goals import edits_of
from hotline.errors import BadInput, Conflict, HotlineError, NotFound, Unavailable
from hotline.queue.lines_model import Rules, Taker
from hotline.queue.lines_rules import place_in
from hotline.queue.places import Place, QueuePlaces, Wanted
from hotline.staff.model import Role, User
from hotline.web.context import current_user, services, wants_json
from hotline.web.failures import text_of
from hotline.web.forms import form_fields, path_id
from hotline.web.i18n import gettext, mark
from hotline.web.render import page
from hotline.web.services import Services
from hotline.web.shell import presence
from hotline.web.titles import role_title
from hotline.web.views.admin_forms import REFUSALS, refused, saved, undo_of, version_of

HOME = "/admin/queue"
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


@dataclass(frozen=True, slots=True)
class Book:
    """One queue as its page shows it: its people, and what was said of each in it."""

    rules: Rules
    queue: str
    people: Mapping[int, User]
    said: Mapping[int, Place] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What people call the queue."""
        return title_of(self.rules, self.queue)

    def base(self, user: User) -> int | None:
        """Return the place that skills or his role give somebody of whom nothing was said; ``None``: none."""
        return place_in(self.rules, self.queue, Taker(user.id, user.has_role(*BY_ROLE)))

    def able(self, user: User) -> bool:
        """Tell whether an administrator can put somebody here: not where he lacks a skill."""
        record = self.rules.queue(self.queue)
        return record is None or not record.skills or self.base(user) is not None

    def place(self, user: User) -> Place:
        """Return somebody's place: what was said of it, or else what his role or skills say."""
        return self.said.get(user.id) or Place(self.base(user) is not None)


def title_of(rules: Rules, code: str) -> str:
    """Return what people call a queue."""
    record = rules.queue(code)
    return code if record is None else record.title


async def listing(request: web.Request) -> web.StreamResponse:
    """Show everybody who may take calls, with his place in the chosen queue and his present state."""
    book = await _book(request, request.query.get("queue", ""))
    return await page(request, TEMPLATE, await _context(request, book), section="admin")


async def save_all(request: web.Request) -> web.StreamResponse:
    """Store the changed rows of a queue: ``version_<user>``, ``penalty_<user>`` and, of members, ``member_<user>``."""
    sent = await form_fields(request)
    book = await _book(request, sent.get("queue", ""))
    return await _save(request, book, sent)


async def save(request: web.Request) -> web.StreamResponse:
    """Change one person's place: what a line of the history sends to be undone, and programs."""
    sent = await form_fields(request)
    book, user_id = await _book(request, sent.get("queue", "")), path_id(request)
    if user_id not in book.people:
        raise NotFound("there is no such employee")
    rows = {f"{name}_{user_id}": text for name, text in sent.items() if name in {"member", "penalty", "version"}}
    return await _save(request, book, rows, {"id": user_id})


async def _save(
    request: web.Request, book: Book, sent: Mapping[str, str], answer: Mapping[str, int] | None = None
) -> web.StreamResponse:
    its, by = services(request), current_user(request)
    try:
        wanted = _wanted(book, sent)
        writes = {user_id: its.staff.noting(by, ("queue", _entity(its, book.queue, user_id))) for user_id in wanted}
        stored = await QueuePlaces(its.database, book.queue).put(
            wanted, lambda session, user_id, before, after: writes[user_id](session, _facts(before), _facts(after))
        )
        for user_id in stored:  # the running queue has it before this answers, unless Asterisk is away
            standing = await standing_of(its, book.people[user_id])
            places = tuple(standing.values())
            await its.desk.reassign(user_id, tuple(standing), next(iter(places), 0), places)
    except (*REFUSALS, Unavailable) as error:
        return await _refused(request, book, sent, error)
    if answer is not None:
        return saved(request, _address(its, book.queue), **answer, version=stored[answer["id"]].version)
    return saved(request, _address(its, book.queue), versions={str(key): one.version for key, one in stored.items()})


def _wanted(book: Book, sent: Mapping[str, str]) -> dict[int, Wanted]:
    """Read the changed rows.

    :raises BadInput: there are none, one is of nobody whom the reader may place, or of somebody who lacks a skill.
    """
    found: dict[int, Wanted] = {}
    for name in sent:
        if not name.startswith("version_"):
            continue
        number = name.removeprefix("version_")
        user = book.people.get(int(number)) if number.isascii() and number.isdecimal() and len(number) < 19 else None
        if user is None:
            raise BadInput("there is no such employee", details={name: "unknown"})
        text, member = sent.get(f"penalty_{number}", ""), bool(sent.get(f"member_{number}"))
        if member and not book.able(user):
            raise BadInput("he lacks a skill", error_id="lacks-skill", details={f"member_{number}": "unknown"})
        penalty = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else -1
        version = version_of({"version": sent[name]})
        found[user.id] = Wanted(member, penalty, version, by_role=book.base(user) is not None)
    if not found:
        raise BadInput("nothing was changed", error_id="no-places", details={"version": "required"})
    return found


async def _refused(
    request: web.Request, book: Book, sent: Mapping[str, str], error: HotlineError
) -> web.StreamResponse:
    """Show what was typed on top of what is stored now; of a conflict say whose places it is about."""
    fresh = await _book(request, book.queue)
    context = await _context(request, fresh, sent)
    stale = error.details.get("users", []) if isinstance(error, Conflict) else []
    names = [fresh.people[one].full_name for one in stale if one in fresh.people] if isinstance(stale, list) else []
    if names and not wants_json(request):
        words = gettext(
            "Somebody else changed these places: %(names)s. What you typed is kept below; look at it and save again."
        )
        context["problem"] = words % {"names": ", ".join(names)}
    else:
        context["problem"] = text_of(error)
    return await refused(request, error, TEMPLATE, context)


async def _book(request: web.Request, queue: str) -> Book:
    its, by = services(request), current_user(request)
    rules = (await its.line_rules.all()).rules
    queue = queue or rules.main
    if queue not in _queues(its, by, rules):
        raise NotFound("there is no such queue")
    people = {one.user.id: one.user for one in await its.staff.people.takers(by)}
    return Book(rules, queue, people, await QueuePlaces(its.database, queue).all(people))


def _queues(its: Services, by: User, rules: Rules) -> tuple[str, ...]:
    """Return the queues into which ``by`` places people: the main one his own, others when they are his."""
    scope = edits_of(by)
    return tuple(one for one in rules.queue_codes if one == rules.main or scope.covers(its.board.live.owner(one)))


async def _context(request: web.Request, book: Book, sent: Mapping[str, str] | None = None) -> dict[str, Any]:
    its, rules = services(request), book.rules
    everywhere = await its.line_rules.places()
    rows = []
    for user in book.people.values():
        place, typed = book.place(user), None
        if sent is not None and f"version_{user.id}" in sent:
            typed = {"member": bool(sent.get(f"member_{user.id}")), "penalty": sent.get(f"penalty_{user.id}", "")}
        standing = everywhere.get(user.id, {})
        rows.append(
            {
                "user": user,
                "roles": role_title(user.roles),
                "place": place,
                "typed": typed,
                "able": book.able(user),
                "standing": [(title_of(rules, code), its_place) for code, its_place in standing.items()],
                "presence": presence(its, user.extension),
                "applied": its.desk.applied(user.id),
            }
        )
    record = rules.queue(book.queue)
    skills = record.skills if record is not None else ()
    queues = _queues(its, current_user(request), rules)
    return {
        "rows": rows,
        "chosen": book.queue,
        "queue_title": book.title,
        "main": rules.main,
        "queues": [(code, title_of(rules, code), _address(its, code)) for code in queues],
        "skills": [rules.skills[one].title if one in rules.skills else one for one in skills],
        "history": await _history(its, book),
    }


async def _history(its: Services, book: Book) -> list[dict[str, Any]]:
    """Return who changed whose place, newest first, each with the form that leads back to what was before."""
    people = {_entity(its, book.queue, user_id): user for user_id, user in book.people.items()}
    found = []
    for entity, change in await its.staff.changes_of("queue", people):
        user = people[entity]
        place = book.place(user)
        back = undo_of(change, _facts(place))
        fields = [
            (gettext(_TITLES.get(name, name)), _told(change.before.get(name)), _told(value))
            for name, value in change.after.items()
        ]
        undo = None if back is None else _form({**_facts(place), **back})
        found.append({"change": change, "user": user, "fields": fields, "undo": undo, "version": place.version})
    return found


def _entity(its: Services, queue: str, user_id: int) -> str:
    """Return under which id the audit trail has somebody's place in a queue: in the main one it is his own."""
    return str(user_id) if queue == its.settings.queue else f"{user_id}/{queue}"


def _address(its: Services, queue: str) -> str:
    return HOME if queue == its.settings.queue else f"{HOME}?queue={quote(queue)}"


def _form(facts: dict[str, Any]) -> dict[str, str]:
    """Return a place as its form sends it; a box that is not ticked is not sent."""
    return {"penalty": str(facts["penalty"])} | ({"member": "1"} if facts["member"] else {})


_TITLES = {"member": mark("takes calls"), "penalty": mark("Place in the queue")}


def _told(value: object) -> str:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return "—" if value is None else str(value)


def _facts(place: Place) -> dict[str, object]:
    return {"member": place.member, "penalty": place.penalty}
