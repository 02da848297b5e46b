"""The dossier of a person (domain 2.9, S002-23) and merging of two (DAY-26)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from aiohttp import web

from hotline.errors import BadInput
from hotline.journal import personmerge
from hotline.journal.dossier_model import Dossier, DossierForm, Merging
from hotline.journal.dossiers import form_of
from hotline.staff.model import Right, User
from hotline.web.context import current_user, services, wants_json
from hotline.web.error_texts import warning_text
from hotline.web.forms import form_fields, path_id, query_text
from hotline.web.i18n import gettext, mark, show_date
from hotline.web.render import page
from hotline.web.titles import direction_mark, outcome_mark
from hotline.web.views.journal import journal_row
from hotline.web.views.people import FoundPersons, found_person

LABELS = {
    "last_name": mark("Surname"),
    "first_name": mark("Name"),
    "patronymic": mark("Patronymic"),
    "birth_date": mark("Birth date"),
    "sex": mark("Sex"),
    "enp": mark("Policy number (unified)"),
    "snils": mark("Insurance number (SNILS)"),
    "policy": mark("Old policy"),
    "insurer_id": mark("Insurer"),
    "address": mark("Address of registration"),
    "address_fact": mark("Where he lives"),
    "email": mark("E-mail"),
    "clinic": mark("Attached to"),
    "notes": mark("Notes"),
    "phone": mark("Telephone"),
    "wrong": mark("wrong number"),
    "confirmed": mark("number confirmed"),
}
_SEXES = {"m": mark("male"), "f": mark("female")}
_STATUSES = {
    "own": mark("insured in this region"),
    "other_region": mark("insured in another region"),
    "uninsured": mark("not insured"),
}
_SOURCES = {
    "register": mark("from the register of insured persons"),
    "call": mark("made from an appeal"),
    "manual": mark("made by hand"),
}
_EVENTS = {
    "edit": mark("changed"),
    "phone": mark("telephones changed"),
    "merge": mark("merged"),
    "undo": mark("merge undone"),
}
EDITED = tuple(DossierForm.__dataclass_fields__)
LONG = frozenset({"address", "address_fact", "notes"})


@dataclass(frozen=True, slots=True)
class CallOfPerson:
    """A call in a dossier."""

    direction: Any
    number: str | None
    started_at: Any
    outcome: Any
    talk_s: float
    operator: str
    appeals: tuple[tuple[int, str], ...]
    recording_url: str | None
    masked: bool


async def index(request: web.Request) -> web.StreamResponse:
    """Show the search in the register by itself."""
    return await page(request, "pages/persons.html", {}, section="persons")


async def of_call(request: web.Request) -> web.StreamResponse:
    """Lead from a call to the dossier of its citizen; several people, or none, are shown as a list (DAY-11)."""
    its, user = services(request), current_user(request)
    owners = await its.persons.owners(await its.calls.citizen(user, request.match_info["key"]), user)
    if len(owners.rows) == 1:
        return _to(owners.rows[0].id)
    found = FoundPersons([found_person(row) for row in owners.rows], more=False, shared=owners.shared)
    return await page(request, "pages/persons.html", {"found": found}, section="persons")


async def show(request: web.Request) -> web.StreamResponse:
    """Show a dossier; a merged one leads to that which stands for the person now."""
    return await _show(request, current_user(request))


async def unmask(request: web.Request) -> web.StreamResponse:
    """Show a dossier with the data that are masked for its reader, this once; the audit trail has it."""
    sent = await form_fields(request)
    record = ("person", path_id(request))
    reader = await services(request).reveal.reader(current_user(request), record, sent.get("reason", ""))
    return await _show(request, reader)


async def _show(request: web.Request, user: User) -> web.StreamResponse:
    its = services(request)
    person_id = path_id(request)
    dossier = await its.dossiers.get(user, person_id)
    if dossier.merged_into_id is not None:
        return _to(dossier.merged_into_id, merged=True)
    everything = query_text(request, "all", limit=1) == "1"
    appeals = await its.persons.appeals(user, person_id, show_all=everything)
    view = {
        "facts": _facts(dossier),
        "appeals": [journal_row(row) for row in appeals],
        "everything": everything,
        "calls": [_call(row) for row in await its.dossiers.calls(user, person_id)],
        "files": await its.dossiers.files(user, person_id),
        "events": [
            {
                "at": event.at,
                "by": event.by,
                "what": gettext(_EVENTS.get(event.what, _EVENTS["edit"])),
                "fields": ", ".join(gettext(LABELS.get(name, name)) for name in event.fields),
                "merge_id": event.merge_id,
                "other": event.other,
            }
            for event in await its.dossiers.history(user, person_id)
        ],
        "twins": [
            {"person": found_person(twin.person), "id": twin.person.id, "sure": twin.sure}
            for twin in await its.dossiers.twins(user, person_id)
        ],
        "warnings": [warning_text(warning) for warning in dossier.warnings],
        "may_edit": user.may(Right.PERSON_EDIT),
        "may_merge": user.may(Right.PERSON_MERGE),
        "live": request.method == "GET",  # what was shown without masks cannot be asked for again
        "was_merged": query_text(request, "merged", limit=1) == "1",
    }
    context = {
        "person": dossier,
        "view": view,
        "unmask_url": f"/persons/{person_id}/unmask" if dossier.hidden else "",
        "unmask_needs_reason": its.settings.unmask_needs_reason,
    }
    return await page(request, "pages/person.html", context, section="persons")


async def edit(request: web.Request) -> web.StreamResponse:
    """Show the form of a dossier."""
    its, user = services(request), current_user(request)
    dossier = await its.dossiers.get(user, path_id(request))
    if dossier.merged_into_id is not None:
        return _to(dossier.merged_into_id, merged=True)
    fields = [(name, gettext(LABELS[name]), name in LONG) for name in EDITED]
    sexes = [("u", "—"), *((code, gettext(word)) for code, word in _SEXES.items())]
    context = {"person": dossier, "values": asdict(form_of(dossier)), "fields": fields, "sexes": sexes}
    return await page(request, "pages/person_edit.html", context, section="persons")


async def save(request: web.Request) -> web.StreamResponse:
    """Change a dossier. JSON ``{id, version, url, warnings}`` for a script; 409 ``stale-person`` as for appeals."""
    its, user = services(request), current_user(request)
    sent = await form_fields(request)
    form = DossierForm(**{name: sent.get(name, "").strip() for name in EDITED})
    dossier = await its.dossiers.edit(user, path_id(request), form, _number(sent, "version"))
    if not wants_json(request):
        return _to(dossier.id)
    return web.json_response(
        {
            "id": dossier.id,
            "version": dossier.version,
            "url": f"/persons/{dossier.id}",
            "warnings": [warning_text(warning) for warning in dossier.warnings],
        }
    )


async def add_phone(request: web.Request) -> web.StreamResponse:
    """Add a telephone number, or confirm one."""
    sent = await form_fields(request)
    dossier = await services(request).dossiers.add_phone(
        current_user(request), path_id(request), sent.get("phone", "").strip()
    )
    return _to(dossier.id)


async def mark_phone(request: web.Request) -> web.StreamResponse:
    """Mark a number as wrong (S001-098), or as right after all."""
    sent = await form_fields(request)
    dossier = await services(request).dossiers.mark_phone(
        current_user(request), path_id(request), path_id(request, "phone"), wrong=sent.get("wrong") == "1"
    )
    return _to(dossier.id)


async def merge_preview(request: web.Request) -> web.StreamResponse:
    """Show two dossiers side by side, and what would become of them."""
    its, user = services(request), current_user(request)
    other = query_text(request, "with", limit=18)
    if not (other.isascii() and other.isdigit()):
        raise BadInput("with whom?", details={"with": "required"})
    merging, lines = await its.merges.preview(user, path_id(request), int(other), {})
    context = {"merging": merging, "lines": [_line(one, merging) for one in lines]}
    return await page(request, "pages/person_merge.html", context, section="persons")


async def merge(request: web.Request) -> web.StreamResponse:
    """Merge another dossier into this one."""
    its, user = services(request), current_user(request)
    sent = await form_fields(request)
    choices = {name.removeprefix("choose_"): side for name, side in sent.items() if name.startswith("choose_")}
    merged = await its.merges.merge(
        user,
        path_id(request),
        _number(sent, "with"),
        (_number(sent, "version"), _number(sent, "other_version")),
        choices,
    )
    return _to(merged.kept_id, merged=True)


async def undo(request: web.Request) -> web.StreamResponse:
    """Undo a merge."""
    undone = await services(request).merges.undo(current_user(request), path_id(request))
    return _to(undone.kept_id)


def _to(person_id: int, *, merged: bool = False) -> web.Response:
    return web.Response(status=303, headers={"Location": f"/persons/{person_id}{'?merged=1' if merged else ''}"})


def _number(sent: dict[str, str], name: str) -> int:
    text = sent.get(name, "")
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise BadInput("a number is missing", details={name: "required"})
    return int(text)


def _facts(person: Dossier) -> list[tuple[str, str]]:
    insurance = " – ".join(show_date(day) if day else "…" for day in (person.valid_from, person.valid_to))
    facts = [
        ("birth_date", show_date(person.birth_date) if person.birth_date else ""),
        ("sex", gettext(_SEXES[person.sex]) if person.sex in _SEXES else ""),
        ("enp", person.enp),
        ("snils", person.snils),
        ("policy", person.policy),
        ("insurer_id", person.insurer),
        ("address", person.address),
        ("address_fact", person.address_fact),
        ("email", person.email),
        ("clinic", person.clinic),
        ("notes", person.notes),
    ]
    found = [(gettext(LABELS[name]), value) for name, value in facts if value]
    if person.valid_from or person.valid_to:
        found.append((gettext("Insured"), insurance))
    if status := _STATUSES.get(person.insured_status):
        found.append((gettext("Status"), gettext(status)))
    if source := _SOURCES.get(person.source):
        found.append((gettext("Source"), gettext(source)))
    return found


def _call(row: Any) -> CallOfPerson:
    return CallOfPerson(
        direction=direction_mark(row.direction),
        number=row.caller if row.direction == "in" else row.dialled,
        started_at=row.started_at,
        outcome=outcome_mark(row.outcome),
        talk_s=row.talk_s,
        operator=row.operator or "",
        appeals=row.appeals,
        recording_url=f"/recordings/{row.key}/player" if row.recorded else None,
        masked=row.masked,
    )


def _line(line: personmerge.Line, merging: Merging) -> dict[str, object]:
    sides = {"kept": line.kept, "gone": line.gone}
    if line.field == "insurer_id":
        sides = {"kept": merging.kept.insurer, "gone": merging.gone.insurer}
    elif line.field == "sex":
        sides = {side: gettext(_SEXES[code]) if code in _SEXES else "" for side, code in sides.items()}
    elif line.field == "birth_date":
        days = {"kept": merging.kept.birth_date, "gone": merging.gone.birth_date}
        sides = {side: show_date(day) if day else "" for side, day in days.items()}
    return {
        "field": line.field,
        "label": gettext(LABELS[line.field]),
        "choice": line.choice.value,
        "differs": line.differs,
        **sides,
    }
