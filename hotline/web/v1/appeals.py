"""Appeals of ``/api/v1``: lists, one of them, registering one, moving it through the same doors as the desk."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hotline.errors import BadInput
from hotline.journal import model
from hotline.journal.card_form import CardForm, PersonFields
from hotline.journal.listing import Filters, Order
from hotline.web.error_texts import warning_text
from hotline.web.i18n import current
from hotline.web.v1 import shapes
from hotline.web.v1.operations import Answer, Asked, etag
from hotline.web.views.moves import move_form


async def listing(asked: Asked) -> shapes.Appeals:
    """Return a page of a folder."""
    return await _page(asked, asked.query, "")


async def search(asked: Asked) -> shapes.Appeals:
    """Return a page of a folder, by words."""
    return await _page(asked, asked.body, asked.body.q)


async def _page(asked: Asked, wanted: shapes.AppealsQuery, q: str) -> shapes.Appeals:
    names = ("received_from", "received_to", "type", "topic", "channel", "status", "organisation", "owner", "due")
    filters = Filters.parse({name: str(value) for name in names if (value := getattr(wanted, name))})
    try:
        order = Order.parse(wanted.order) if wanted.order else None
    except ValueError as error:
        raise BadInput("there is no such order", details={"order": "unknown"}) from error
    found = await asked.services.lists.appeals(
        asked.caller.user,
        wanted.folder,
        order=order,
        filters=filters,
        after=wanted.after or None,
        q=q.strip(),
        limit=wanted.limit,
    )
    return shapes.Appeals(appeals=[_line(row) for row in found.rows], after=found.after)


async def one(asked: Asked) -> Answer:
    """Return an appeal; the look at it is in the audit trail, as a person's is."""
    return _answer(await asked.services.appeals.get(asked.caller.user, asked.path_id()))


async def register(asked: Asked) -> Answer:
    """Register an appeal. The same key brings the same appeal, however often it is sent."""
    form = _form(asked.body)
    appeal = await asked.services.appeals.save_card(asked.caller.user, form, asked.idempotency_key())
    made = _answer(appeal)
    return Answer(made.value, {**made.headers, "Location": f"/api/v1/appeals/{appeal.id}"})


async def move(asked: Asked) -> Answer:
    """Make a move that the profile has, from the version that ``If-Match`` names."""
    version = asked.version()
    form = move_form(_move_fields(asked.body), current().zone)
    trigger = asked.request.match_info["trigger"]
    return _answer(await asked.services.appeals.fire(asked.caller.user, asked.path_id(), trigger, version, form))


def _answer(appeal: model.Appeal) -> Answer:
    return Answer(_appeal(appeal), {"ETag": etag(appeal.version)})


def _line(row: model.AppealRow) -> shapes.AppealLine:
    return shapes.AppealLine(
        id=row.id,
        number=row.number,
        version=row.version,
        phase=row.phase.value,
        status=row.status,
        colour=row.colour.value,
        appeal_at=row.appeal_at,
        due_at=row.due_at,
        type=row.type,
        topic=row.topic,
        channel=row.channel,
        organisation=row.organisation,
        owner=row.owner,
        applicant=row.applicant,
        phone=row.phone,
        limited=row.limited,
    )


def _appeal(one: model.Appeal) -> shapes.Appeal:
    return shapes.Appeal(
        id=one.id,
        number=one.number,
        version=one.version,
        phase=one.phase.value,
        status=_named(one.status),
        colour=one.colour.value,
        created_at=one.created_at,
        appeal_at=one.appeal_at,
        due_at=one.due_at,
        type=_named(one.type),
        topic=_named(one.topic),
        channel=_named(one.channel),
        source=_named(one.source),
        form=one.form.value,
        organisation=one.organisation,
        creator=_named(one.creator),
        owner=_named(one.owner),
        forwarded_to=_named(one.forwarded_to) if one.forwarded_to else None,
        anonymous=one.anonymous,
        applicant=_person(one.applicant),
        insured=_person(one.insured),
        same_person=one.same_person,
        content=one.content,
        result=one.life.result,
        heading_only=one.heading_only,
        masked=one.masked,
        calls=[
            shapes.AppealCall(
                key=call.key,
                relation=call.relation,
                started_at=call.started_at,
                talk_s=call.talk_s,
                recorded=call.recorded,
            )
            for call in one.calls
        ],
        history=[
            shapes.AppealEvent(
                at=line.at,
                by=line.by,
                event=line.event,
                phase=line.phase.value,
                status=line.status,
                owner=line.owner or "",
                comment=line.comment,
            )
            for line in one.history
        ],
        moves=[
            shapes.PossibleMove(trigger=move.trigger, title=move.title, asks=list(move.asks)) for move in one.life.moves
        ],
        warnings=[warning_text(warning) for warning in one.warnings],
    )


def _named(one: model.Named) -> shapes.Named:
    return shapes.Named(one.code, one.title)


def _person(one: model.PersonSnapshot) -> shapes.Person:
    return shapes.Person(
        person_id=one.person_id,
        last_name=one.last_name,
        first_name=one.first_name,
        patronymic=one.patronymic,
        birth_date=one.birth_date,
        phone=one.phone,
        enp=one.enp,
        snils=one.snils,
        policy=one.policy,
        address=one.address,
        email=one.email,
    )


def _form(body: shapes.NewAppeal) -> CardForm:
    """Return the card that says the same; its rules are asked, not repeated."""
    return CardForm(
        call_key=body.call_key,
        type=body.type,
        topic=body.topic,
        channel=body.channel,
        source=body.source,
        source_org=body.source_org,
        appeal_at=_local(body.appeal_at),
        written_no=body.written_no,
        written_date=body.written_date.isoformat() if body.written_date else "",
        urgent=_box(body.urgent),
        anonymous=_box(body.anonymous),
        same_person=_box(body.insured is None),
        kinship=body.kinship,
        title=body.title,
        content=body.content.strip(),
        measures=body.measures,
        applicant=_fields(body.applicant),
        insured=_fields(body.insured) if body.insured is not None else PersonFields(),
    )


def _fields(one: shapes.NewPerson) -> PersonFields:
    return PersonFields(
        person_id=str(one.person_id or ""),
        last_name=one.last_name,
        first_name=one.first_name,
        patronymic=one.patronymic,
        birth_date=one.birth_date.isoformat() if one.birth_date else "",
        phone=one.phone,
        enp=one.enp,
        snils=one.snils,
        policy=one.policy,
        address=one.address,
        email=one.email,
    )


def _move_fields(body: shapes.MoveBody) -> dict[str, str]:
    to: Any = body.to
    target = ""
    if to is not None and to.user_id is not None:
        target = f"user:{to.user_id}"
    elif to is not None and to.role:
        target = f"group:{to.role}:{to.organisation_id or ''}"
    return {
        "comment": body.comment,
        "result": body.result,
        "measures": body.measures,
        "to": target,
        "due_at": body.due_at.astimezone(UTC).isoformat() if body.due_at else "",
        "written_close_date": body.written_close_date.isoformat() if body.written_close_date else "",
        "link": body.link,
        "organisation": body.organisation,
        "notice": _box(body.notice),
        "justified": body.justified,
    }


def _local(moment: datetime | None) -> str:
    """Write a moment as the card does: local time of the account's organisation, to the minute."""
    return moment.astimezone(current().zone).strftime("%Y-%m-%dT%H:%M") if moment else ""


def _box(ticked: bool) -> str:
    return "1" if ticked else ""
