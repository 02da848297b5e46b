"""The search for everything by one field (S001-035, DAY-01): appeals, people, calls, colleagues.

It comes by POST: what was typed stands in no address, log or history (DAY-29, ADR 0019).
"""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from hotline.journal.personquery import PersonQuery, mend_layout
from hotline.journal.question import LENGTH, SHORTEST, understand
from hotline.journal.search import Answer, Piece
from hotline.staff.model import Right, User
from hotline.web.access import opens
from hotline.web.context import client_address, current_user, services
from hotline.web.forms import form_fields
from hotline.web.i18n import gettext, show_date, show_datetime, show_number
from hotline.web.render import fragment
from hotline.web.services import Services
from hotline.web.shell import presence
from hotline.web.titles import direction_mark, outcome_mark, role_title, urgency_mark
from hotline.web.views.directory import readings

PEOPLE = 5
COLLEAGUES = 5


@dataclass(frozen=True, slots=True)
class Found:
    """A line of the results. ``url`` opens it; ``dial`` is called instead."""

    icon: str
    title: str
    about: str
    url: str = ""
    dial: str = ""
    headline: tuple[Piece, ...] = ()
    colour: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Results of a kind; ``more``: there is more than is shown."""

    code: str
    title: str
    rows: list[Found]
    more: bool = False


async def find(request: web.Request) -> web.Response:
    """Show what was found, in groups; only what the reader may list."""
    its, user = services(request), current_user(request)
    typed = (await form_fields(request)).get("q", "").strip()[:LENGTH]
    question = understand(typed)
    groups: list[Group] = []
    if sum(letter.isalnum() for letter in typed) >= SHORTEST:
        answer = Answer((), ())
        if opens(user, "/journal"):
            answer = await its.lists.search.find(user, question, ip=client_address(request))
        groups = [
            Group("appeals", gettext("Appeals"), _appeals(answer), answer.more_appeals),
            await _people(its, user, typed),
            Group("calls", gettext("Calls"), _calls(answer, user), answer.more_calls),
            await _colleagues(its, user, typed),
        ]
    shown = [group for group in groups if group.rows]
    return fragment(request, "includes/search_results.html", {"groups": shown, "q": typed})


def _appeals(answer: Answer) -> list[Found]:
    found: list[Found] = []
    for hit in answer.appeals:
        mark = urgency_mark(hit.row.colour, hit.row.due_at)
        facts = (hit.row.applicant, hit.row.status, mark.word, hit.row.topic, hit.row.owner)
        about = " · ".join(filter(None, facts))
        url = f"/appeals/{hit.row.id}"
        found.append(Found(mark.icon, hit.row.number, about, url, headline=hit.headline, colour=mark.colour))
    return found


async def _people(its: Services, user: User, typed: str) -> Group:
    query = PersonQuery.from_text(typed)
    rows: list[Found] = []
    more = False
    if not query.empty and (user.may(Right.PERSON_SEARCH) or user.may(Right.PERSON_SEARCH_ALL)):
        found = await its.persons.search(user, query)
        more = found.more or len(found.rows) > PEOPLE
        for person in found.rows[:PEOPLE]:
            born = show_date(person.birth_date) if person.birth_date else ""
            about = " · ".join(filter(None, (born, person.insurer)))
            rows.append(Found("user", person.full_name, about, f"/persons/{person.id}"))
    return Group("people", gettext("People"), rows, more)


def _calls(answer: Answer, user: User) -> list[Found]:
    found: list[Found] = []
    for call in answer.calls:
        mark = direction_mark(call.direction)
        about = " · ".join(
            filter(None, (show_datetime(call.started_at), outcome_mark(call.outcome).word, call.operator))
        )
        url = f"/calls/{call.key}/card" if user.may(Right.APPEAL_CREATE) else "/calls"
        found.append(Found(mark.icon, show_number(call.caller or call.dialled), about, url))
    return found


async def _colleagues(its: Services, user: User, typed: str) -> Group:
    found = await its.staff.directory(typed, COLLEAGUES + 1, mended=mend_layout(typed))
    rows: list[Found] = []
    for one in found[:COLLEAGUES]:
        state = presence(its, one.extension)
        about = " · ".join(filter(None, (role_title(one.roles), one.organisation, one.extension, state.word)))
        rows.append(Found("phone", one.full_name, about, dial=one.extension or ""))
    others = await its.staff.contacts.search(user, readings(typed), COLLEAGUES + 1)
    for contact in others[:COLLEAGUES]:
        fields = contact.fields
        about = " · ".join(filter(None, (fields.organisation, show_number(fields.number), fields.hours)))
        rows.append(Found("address-book", fields.name, about, dial=fields.number))
    return Group("directory", gettext("Directory"), rows, len(found) > COLLEAGUES or len(others) > COLLEAGUES)
