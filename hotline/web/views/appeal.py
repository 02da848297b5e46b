"""A saved appeal: its page, editing, and going from hand to hand (domain 2.3, 2.4, 2.7; T4, T5, T5b)."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from aiohttp import web

from hotline.errors import BadInput, Conflict, Forbidden, HotlineError
from hotline.journal.attachment_rules import ACCEPT
from hotline.journal.card_form import CardForm
from hotline.journal.model import Appeal, PersonSnapshot
from hotline.staff.model import User
from hotline.web import titles
from hotline.web.call_sound import call_parts
from hotline.web.context import current_user, services, wants_json
from hotline.web.error_texts import warning_text
from hotline.web.field_titles import field_list
from hotline.web.forms import form_fields, path_id, query_text
from hotline.web.i18n import gettext, show_date, show_datetime, show_number
from hotline.web.render import page
from hotline.web.titles import Mark, role_title, urgency_mark
from hotline.web.views.call_back import call_back
from hotline.web.views.card import card_choices, person_fields, topic_title
from hotline.web.views.restriction import restriction_view

BOXES = frozenset({"to_head_of_region", "urgent", "anonymous", "same_person"})
"""Fields that are absent from a form when they are not ticked."""

MAX_COMMENT = 2000


async def show(request: web.Request) -> web.StreamResponse:
    """Show a saved appeal."""
    return await _show(request, current_user(request))


async def unmask(request: web.Request) -> web.StreamResponse:
    """Show a saved appeal with the data that are masked for its reader, this once; the audit trail has it."""
    sent = await form_fields(request)
    record = ("appeal", path_id(request))
    reader = await services(request).reveal.reader(current_user(request), record, sent.get("reason", ""))
    return await _show(request, reader)


async def restrict(request: web.Request) -> web.StreamResponse:
    """Restrict an appeal, otherwise or no more. JSON ``{id, restricted}`` for a script, else its page."""
    its, user = services(request), current_user(request)
    appeal_id, sent = path_id(request), await form_fields(request)
    wanted = sent.get("restriction", "")
    try:
        version = sent_version(sent)
        await its.appeals.restricting.restrict(user, appeal_id, wanted, sent.get("reason", ""), version)
    except (BadInput, Conflict, Forbidden) as error:
        if wants_json(request):
            raise
        return await _show(request, user, (sent, error))
    if wants_json(request):
        return web.json_response({"id": appeal_id, "restricted": wanted})
    return web.Response(status=303, headers={"Location": f"/appeals/{appeal_id}"})


async def _show(
    request: web.Request, user: User, refusal: tuple[dict[str, str], HotlineError] | None = None
) -> web.StreamResponse:
    its = services(request)
    appeal = await its.appeals.get(user, path_id(request))
    context = {
        "appeal": appeal_view(appeal),
        "calls": await call_parts(its, user, appeal.calls),
        "restriction": restriction_view(appeal, *(refusal or ())),
        "unmask_url": f"/appeals/{appeal.id}/unmask" if appeal.masked else "",
        "unmask_needs_reason": its.settings.unmask_needs_reason,
        "call_back": call_back(its, user, appeal, query_text(request, "call", limit=64)),
    }
    status = refusal[1].status if refusal else 200
    return await page(request, "pages/appeal.html", context, section="journal", status=status)


async def edit(request: web.Request) -> web.StreamResponse:
    """Show the form that changes a saved appeal («Редактирование», domain 2.7)."""
    its, user = services(request), current_user(request)
    appeal = await its.appeals.get(user, path_id(request))
    if not appeal.editable:
        raise Forbidden("this appeal may not be edited now", error_id="appeal-locked")
    fields = appeal.fields
    context = {
        "appeal": {"id": appeal.id, "number": appeal.number, "version": appeal.version},
        "card": {"call": None, "topic_title": await topic_title(its, user, fields["topic"]) or appeal.topic.title},
        "fields": fields,
        "person_fields": person_fields(),
        "choices": await card_choices(its, user),
        "files_query": f"appeal={appeal.id}",
        "files_editable": True,
        "files_accept": ACCEPT,
    }
    return await page(request, "pages/appeal_edit.html", context, section="journal")


async def update(request: web.Request) -> web.StreamResponse:
    """Change a saved appeal. JSON ``{id, version, warnings}`` for a script, else its page.

    409 ``stale-appeal`` carries ``details.version`` and ``details.fields`` (name → yours, stored), so that the form can
    show what somebody else wrote meanwhile.
    """
    its, user = services(request), current_user(request)
    appeal_id = path_id(request)
    sent = await form_fields(request)
    version = sent_version(sent)
    stored = (await its.appeals.get(user, appeal_id)).fields
    # What the form does not show stays as it is; an unticked box is not sent at all.
    fields = {name: text for name, text in stored.items() if name not in BOXES} | sent
    if fields.get("same_person"):
        fields |= dict.fromkeys((name for name in stored if name.startswith("insured_")), "")
    appeal = await its.appeals.update(user, appeal_id, CardForm.from_fields(fields), version)
    return _done(request, appeal)


async def forward(request: web.Request) -> web.StreamResponse:
    """«Передать на рассмотрение»: give the appeal to somebody whom the matrix allows (T4)."""
    its, user = services(request), current_user(request)
    sent = await form_fields(request)
    to_user = sent.get("to_user_id", "")
    if not (to_user.isascii() and to_user.isdigit() and len(to_user) <= 18):
        raise BadInput("to whom?", details={"to_user_id": "required"})
    work = its.appeals.forward(user, path_id(request), int(to_user), sent_version(sent), checked_comment(sent))
    return await _moved(request, work)


async def accept(request: web.Request) -> web.StreamResponse:
    """Take a forwarded appeal into work (T5)."""
    its, user = services(request), current_user(request)
    sent = await form_fields(request)
    return await _moved(request, its.appeals.accept(user, path_id(request), sent_version(sent)))


async def decline(request: web.Request) -> web.StreamResponse:
    """Give a forwarded appeal back, with a comment (T5b)."""
    its, user = services(request), current_user(request)
    sent = await form_fields(request)
    return await _moved(request, its.appeals.decline(user, path_id(request), sent_version(sent), checked_comment(sent)))


async def recall(request: web.Request) -> web.StreamResponse:
    """Take a forwarded appeal back before it was accepted (T5b)."""
    its, user = services(request), current_user(request)
    sent = await form_fields(request)
    return await _moved(request, its.appeals.recall(user, path_id(request), sent_version(sent), checked_comment(sent)))


def appeal_view(appeal: Appeal) -> dict[str, Any]:
    """Return a saved appeal as its page shows it."""
    people: list[dict[str, Any]] = [
        {
            "title": gettext("Applicant"),
            "facts": _person_facts(appeal.applicant, anonymous=appeal.anonymous),
            "phone": "" if appeal.masked else appeal.applicant.phone,
            "dossier": appeal.applicant.person_id,
        }
    ]
    if not appeal.same_person:
        insured = appeal.insured
        people.append(
            {
                "title": gettext("Insured person concerned"),
                "facts": _person_facts(insured),
                "phone": "" if appeal.masked else insured.phone,
                "dossier": insured.person_id,
            }
        )
    facts = [
        (gettext("Received"), show_datetime(appeal.appeal_at)),
        (gettext("Answer by"), show_datetime(appeal.due_at)),
        (gettext("Type"), appeal.type.title),
        (gettext("Topic"), appeal.topic.title),
        (gettext("Channel"), appeal.channel.title),
        (gettext("Source"), appeal.source.title),
        (gettext("Registered by"), appeal.creator.title),
        (gettext("In charge"), appeal.owner.title),
        (gettext("Responsible organisation"), appeal.organisation),
    ]
    history = [
        {
            "at": event.at,
            "what": event.done or titles.history_event(event.event),
            "target": event.target,
            "result": event.result,
            "status": event.status,
            "by": event.by,
            "owner": event.owner,
            "comment": field_list(event.comment) if event.event == "edit" else event.comment,
        }
        for event in appeal.history
    ]
    mark_: Mark = urgency_mark(appeal.colour, appeal.due_at)
    return {
        "id": appeal.id,
        "number": appeal.number,
        "version": appeal.version,
        "heading_only": appeal.heading_only,
        "editable": appeal.editable,
        "actions": appeal.actions,
        "forwarded_to": appeal.forwarded_to.title if appeal.forwarded_to else "",
        "urgency": mark_,
        "status_title": appeal.status.title,
        "status_icon": appeal.status_icon,
        "status_colour": appeal.status_colour,
        "life": appeal.life,
        "waits_for": _waits_for(appeal),
        "outcome": _outcome(appeal),
        "due_at": appeal.due_at,
        "people": people,
        "facts": [(name, value) for name, value in facts if value],
        "content": appeal.content,
        "measures": appeal.fields.get("measures", ""),
        "history": history,
        "warnings": [warning_text(warning) for warning in appeal.warnings],
    }


def _waits_for(appeal: Appeal) -> str:
    """Say to whom a forwarded appeal goes: a person, or anybody of a level (domain 2.4)."""
    if appeal.forwarded_to is not None:
        return appeal.forwarded_to.title
    life = appeal.life
    if not life.group_role:
        return ""
    role = role_title((life.group_role,))
    return gettext("anybody: %(role)s, %(organisation)s") % {"role": role, "organisation": life.group_organisation}


def _outcome(appeal: Appeal) -> list[tuple[str, str]]:
    """Return what became of an appeal (S000-66…S000-68)."""
    life = appeal.life
    facts = [
        (gettext("Result"), life.result),
        (gettext("Sent to"), life.result_org),
        (gettext("Closed"), show_datetime(life.close_date) if life.close_date else ""),
        (gettext("Closed by"), life.closed_by if life.close_date else ""),
        (gettext("Answer to the letter"), show_date(life.written_close_date) if life.written_close_date else ""),
        (gettext("Closed finally"), show_datetime(life.final_closed_at) if life.final_closed_at else ""),
    ]
    return [(name, value) for name, value in facts if value]


def _person_facts(person: PersonSnapshot, *, anonymous: bool = False) -> list[tuple[str, str]]:
    facts = [
        (gettext("Full name"), gettext("Anonymous") if anonymous else person.full_name),
        (gettext("Birth date"), show_date(person.birth_date) if person.birth_date else ""),
        (gettext("Telephone"), show_number(person.phone) if person.phone else ""),
        (gettext("Policy number (unified)"), person.enp),
        (gettext("Insurance number (SNILS)"), person.snils),
        (gettext("Address"), person.address),
        (gettext("E-mail"), person.email),
    ]
    return [(name, value) for name, value in facts if value]


async def _moved(request: web.Request, work: Awaitable[Appeal]) -> web.Response:
    return _done(request, await work)


def _done(request: web.Request, appeal: Appeal) -> web.Response:
    if wants_json(request):
        warnings = [warning_text(warning) for warning in appeal.warnings]
        return web.json_response({"id": appeal.id, "version": appeal.version, "warnings": warnings})
    return web.Response(status=303, headers={"Location": f"/appeals/{appeal.id}"})


def sent_version(sent: dict[str, str]) -> int:
    """Take the version that was edited out of a form.

    :raises BadInput: it is missing.
    """
    text = sent.pop("version", "")
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise BadInput("the version that was edited is missing", details={"version": "required"})
    return int(text)


def checked_comment(sent: dict[str, str]) -> str:
    """Return the comment of a form.

    :raises BadInput: it is too long.
    """
    comment = sent.get("comment", "").strip()
    if len(comment) > MAX_COMMENT:
        raise BadInput("the comment is too long", details={"comment": f"at most {MAX_COMMENT} characters"})
    return comment
