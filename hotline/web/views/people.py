"""The register of insured persons (S001-044…S001-048) and the telephone directory (S001-034, S001-035)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from aiohttp import web

from hotline.journal.model import PersonRow
from hotline.journal.personquery import PersonQuery
from hotline.staff.model import DirectoryEntry, Right
from hotline.web.context import require_right, services
from hotline.web.error_texts import warning_text
from hotline.web.forms import form_fields, query_text
from hotline.web.render import fragment
from hotline.web.services import Services
from hotline.web.shell import Presence, presence
from hotline.web.titles import role_title
from hotline.web.views.card_parts import link_kinds
from hotline.web.views.history import citizen_history

_Q_LENGTH = 200


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """A person of the register in search results; ``attach`` is what the card takes over."""

    full_name: str
    birth_date: date | None
    enp: str | None
    policy: str | None
    insurer: str | None
    open_appeals: int
    attach: dict[str, str]
    url: str = ""
    """Of the dossier."""


@dataclass(frozen=True, slots=True)
class FoundPersons:
    """At most ten persons; ``more`` asks to narrow the search, ``warnings`` are about the numbers asked for."""

    rows: list[FoundPerson]
    more: bool
    warnings: list[str] = field(default_factory=list)
    shared: bool = False
    """More people than these use the calling number (DAY-11)."""


@dataclass(frozen=True, slots=True)
class DirectoryPerson:
    """A colleague with his live state."""

    full_name: str
    role_title: str
    organisation: str
    extension: str | None
    presence: Presence
    id: int = 0
    favourite: bool = False


def found_person(row: PersonRow) -> FoundPerson:
    """Return a person with the card's field names (``journal.model.PersonFields``) for attaching."""
    attach = {
        "id": str(row.id),
        "person_id": str(row.id),
        "last_name": row.last_name,
        "first_name": row.first_name,
        "patronymic": row.patronymic,
        "birth_date": row.birth_date.strftime("%d.%m.%Y") if row.birth_date else "",
        "enp": row.enp or "",
        "snils": row.snils or "",
        "policy": row.policy or "",
        "address": row.address,
    }
    # Only when he has one: the number that is calling must not be wiped from the card.
    if row.phones:
        attach["phone"] = row.phones[0]
    return FoundPerson(
        row.full_name, row.birth_date, row.enp, row.policy, row.insurer, row.open_appeals, attach, f"/persons/{row.id}"
    )


async def search(request: web.Request) -> web.Response:
    """Search the register; a fragment of at most ten rows (S001-045).

    By POST, with one field ``q`` or the fields of ``PersonQuery.from_form``: names belong into no address (DAY-29).
    """
    user = require_right(request, Right.PERSON_SEARCH, Right.PERSON_SEARCH_ALL)
    sent = {name: text.strip()[:_Q_LENGTH] for name, text in (await form_fields(request)).items()}
    query = PersonQuery.from_form(sent)
    found = await services(request).persons.search(user, query, sent.get("q", ""))
    warnings = [warning_text(warning) for warning in found.warnings]
    view = FoundPersons([found_person(row) for row in found.rows], found.more, warnings)
    return fragment(request, "includes/person_rows.html", {"found": view, "caption": ""})


async def history(request: web.Request) -> web.Response:
    """Show the earlier appeals of the persons attached to a card (S001-057)."""
    user = require_right(request, Right.PERSON_SEARCH, Right.PERSON_SEARCH_ALL)
    ids = [query_text(request, name, limit=18) for name in ("applicant_person_id", "insured_person_id")]
    view = await citizen_history(services(request), user, *ids)
    context: dict[str, object] = {"history": view, "links": {}, "link_kinds": link_kinds()}
    return fragment(request, "includes/person_history.html", context)


def directory_person(its: Services, entry: DirectoryEntry) -> DirectoryPerson:
    """Return a colleague with his live state."""
    return DirectoryPerson(
        full_name=entry.full_name,
        role_title=role_title(entry.roles),
        organisation=entry.organisation,
        extension=entry.extension,
        presence=presence(its, entry.extension),
        id=entry.user_id,
    )
