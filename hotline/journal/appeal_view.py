"""Reads one appeal with everything its page shows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, Select, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from hotline.errors import NotFound
from hotline.journal import card_extras, life_view, masking, process_store, restricted, visibility
from hotline.journal.card_form import CardForm, PersonFields
from hotline.journal.heading import heading
from hotline.journal.model import Appeal, CallLink, Form, Named, PersonSnapshot, Phase, StatusEvent
from hotline.journal.queries import colour
from hotline.journal.restriction import Restriction
from hotline.journal.tables import AppealCallRow, AppealRecord, StatusEventRow
from hotline.journal.tables_call import CallRecord
from hotline.journal.tables_classifier import (
    AppealTypeRow,
    ChannelRow,
    DeadlineRuleRow,
    ResultRow,
    SourceRow,
    StatusRow,
    TopicRow,
)
from hotline.journal.workflow import may_edit, possible
from hotline.staff.model import User, short_name
from hotline.staff.tables import OrganisationRow, UserRow

_Creator = aliased(UserRow)
_Owner = aliased(UserRow)
_Target = aliased(UserRow)


async def load(
    session: AsyncSession, user: User, appeal_id: int, zone: ZoneInfo, now: datetime, warnings: tuple[str, ...] = ()
) -> Appeal:
    """Return an appeal as ``user`` sees it: whole, or its heading. Seven or eight statements.

    :param zone: the installation's: the form's times are in that of the user's organisation (domain 2.5 h).
    :raises NotFound: there is none, or none that ``user`` may see.
    """
    found = (await session.execute(_statement().where(AppealRecord.id == appeal_id))).one_or_none()
    if found is None:
        raise NotFound("there is no such appeal", error_id="no-such-appeal")
    row: AppealRecord = found.AppealRecord
    whole = await _sees_whole(session, user, appeal_id)
    works = row.restricted == Restriction.NONE or bool(await restricted.works_on(session, user, [appeal_id]))
    process = await process_store.process(session)
    who, facts = process_store.actor(row, user), process_store.facts(row, found, found.max_extension_days)
    moves = possible(process, facts, who)
    phase = Phase(row.phase)
    appeal = Appeal(
        id=row.id,
        number=row.number,
        version=row.version,
        phase=phase,
        status=Named(row.status_code, found.status),
        colour=colour(phase, row.due_at, now),
        created_at=row.created_at,
        appeal_at=row.appeal_at,
        due_at=row.due_at,
        type=Named(row.type_code, found.type),
        topic=Named(row.topic_code, found.topic),
        channel=Named(row.channel_code, found.channel),
        form=Form(row.form),
        source=Named(row.source_code, found.source),
        organisation=found.organisation,
        creator=_person(found, "creator"),
        owner=_person(found, "owner"),
        forwarded_to=_person(found, "target") if found.target_id is not None else None,
        anonymous=row.anonymous,
        applicant=snapshot_from_json(row.applicant_snapshot),
        insured=snapshot_from_json(row.insured_snapshot),
        same_person=row.same_person,
        content=row.content,
        fields=card_fields(row, user.organisation.zone(zone)),
        history=await _history(session, appeal_id, {one.code: one.done for one in process.transitions}),
        calls=await _calls(session, appeal_id),
        editable=may_edit(process, facts, who),
        actions=frozenset(one.trigger for one in moves),
        warnings=warnings,
        life=await life_view.load(session, row, moves),
        status_icon=found.status_icon,
        status_colour=found.status_colour,
        restricted=row.restricted,
        restrictions=tuple(map(str, restricted.choices_of(row, user))),
    )
    return masking.appeal(user, appeal, works=works) if whole else heading(appeal)


def card_fields(row: AppealRecord, zone: ZoneInfo) -> dict[str, str]:
    """Return the stored values under the names of :class:`CardForm`, to fill the form again or to compare."""
    return CardForm(
        type=row.type_code,
        topic=row.topic_code,
        channel=row.channel_code,
        source=row.source_code,
        source_org=row.source_org,
        appeal_at=row.appeal_at.astimezone(zone).strftime("%Y-%m-%dT%H:%M"),
        written_no=row.written_no,
        written_date=row.written_date.isoformat() if row.written_date else "",
        to_head_of_region=_box(row.to_head_of_region),
        urgent=_box(row.urgent),
        anonymous=_box(row.anonymous),
        same_person=_box(row.same_person),
        kinship=row.kinship_code or "",
        representative_doc=row.representative_doc,
        title=row.title,
        content=row.content,
        measures=row.measures,
        **card_extras.stored_fields(row),
        applicant=_typed(snapshot_from_json(row.applicant_snapshot)),
        insured=PersonFields() if row.same_person else _typed(snapshot_from_json(row.insured_snapshot)),
    ).to_fields()


def snapshot_to_json(who: PersonSnapshot) -> dict[str, Any]:
    """Return what is stored of a person."""
    return {
        "person_id": who.person_id,
        "last_name": who.last_name,
        "first_name": who.first_name,
        "patronymic": who.patronymic,
        "birth_date": who.birth_date.isoformat() if who.birth_date else None,
        "phone": who.phone,
        "enp": who.enp,
        "snils": who.snils,
        "policy": who.policy,
        "address": who.address,
        "email": who.email,
    }


def snapshot_from_json(stored: dict[str, Any]) -> PersonSnapshot:
    """Read what :func:`snapshot_to_json` wrote."""
    born = stored.get("birth_date")
    return PersonSnapshot(**{**stored, "birth_date": date.fromisoformat(born) if born else None})


def _statement() -> Select[*tuple[Any, ...]]:
    return (
        select(
            AppealRecord,
            StatusRow.title.label("status"),
            StatusRow.icon.label("status_icon"),
            StatusRow.colour.label("status_colour"),
            AppealTypeRow.title.label("type"),
            AppealTypeRow.is_consultation,
            AppealTypeRow.is_complaint,
            DeadlineRuleRow.max_extension_days,
            TopicRow.title.label("topic"),
            ChannelRow.title.label("channel"),
            SourceRow.title.label("source"),
            OrganisationRow.short_name.label("organisation"),
            *_name(_Creator, "creator"),
            *_name(_Owner, "owner"),
            *_name(_Target, "target"),
        )
        .join(StatusRow, StatusRow.code == AppealRecord.status_code)
        .join(AppealTypeRow, AppealTypeRow.code == AppealRecord.type_code)
        .join(TopicRow, TopicRow.code == AppealRecord.topic_code)
        .join(ChannelRow, ChannelRow.code == AppealRecord.channel_code)
        .join(SourceRow, SourceRow.code == AppealRecord.source_code)
        .join(OrganisationRow, OrganisationRow.id == AppealRecord.responsible_org_id)
        .outerjoin(DeadlineRuleRow, DeadlineRuleRow.code == AppealRecord.due_rule)
        .join(_Creator, _Creator.id == AppealRecord.creator_id)
        .join(_Owner, _Owner.id == AppealRecord.owner_id)
        .outerjoin(_Target, _Target.id == AppealRecord.forwarded_to_id)
    )


async def require_visible(session: AsyncSession, user: User, appeal_id: int) -> None:
    """Refuse an appeal that ``user`` may not read whole.

    :raises NotFound: he may not (domain 2.8). The same as for an id that nobody has: it does not tell who wrote.
    """
    if not await _sees_whole(session, user, appeal_id):
        raise NotFound("there is no such appeal", error_id="no-such-appeal")


async def _sees_whole(session: AsyncSession, user: User, appeal_id: int) -> bool:
    """Tell whether ``user`` may read the whole of an appeal, or only its heading.

    :raises NotFound: not even that. The answer is the same as for an id that nobody has: it does not tell who wrote.
    """
    limits, readable = visibility.appeals(user), visibility.content(user)
    if limits is None and readable is None:
        return True
    whole: ColumnElement[bool] = true() if readable is None else readable
    statement = select(whole.label("whole")).select_from(AppealRecord).where(AppealRecord.id == appeal_id)
    found = (await session.execute(statement if limits is None else statement.where(limits))).one_or_none()
    if found is None:
        raise NotFound("there is no such appeal", error_id="no-such-appeal")
    return bool(found.whole)


async def _history(session: AsyncSession, appeal_id: int, words: Mapping[str, str]) -> tuple[StatusEvent, ...]:
    by, owner = aliased(UserRow), aliased(UserRow)
    statement = (
        select(
            StatusEventRow,
            StatusRow.title.label("status"),
            ResultRow.title.label("result"),
            *_name(by, "by"),
            *_name(owner, "owner"),
        )
        .join(StatusRow, StatusRow.code == StatusEventRow.status_code)
        .join(by, by.id == StatusEventRow.by_id)
        .outerjoin(owner, owner.id == StatusEventRow.owner_id)
        .outerjoin(ResultRow, ResultRow.code == StatusEventRow.result_code)
        .where(StatusEventRow.appeal_id == appeal_id)
        .order_by(StatusEventRow.id)
    )
    return tuple(
        StatusEvent(
            at=row.StatusEventRow.at,
            by=_person(row, "by").title,
            event=row.StatusEventRow.event,
            phase=Phase(row.StatusEventRow.to_phase),
            status=row.status,
            owner=_person(row, "owner").title or None,
            comment=row.StatusEventRow.comment,
            result=row.result or "",
            target=row.StatusEventRow.target,
            done=words.get(row.StatusEventRow.event, ""),
        )
        for row in await session.execute(statement)
    )


async def _calls(session: AsyncSession, appeal_id: int) -> tuple[CallLink, ...]:
    statement = (
        select(AppealCallRow.relation, CallRecord)
        .join(CallRecord, CallRecord.key == AppealCallRow.call_key)
        .where(AppealCallRow.appeal_id == appeal_id)
        .order_by(CallRecord.started_at, CallRecord.id)
    )
    return tuple(
        CallLink(call.key, relation, call.started_at, call.talk_s, call.recorded, call.outcome)
        for relation, call in await session.execute(statement)
    )


def _name(who: type[UserRow], label: str) -> list[ColumnElement[Any]]:
    # Columns, not entities: an entity would bring its organisation along by an inner join.
    parts = {"id": who.id, "last": who.last_name, "first": who.first_name, "patronymic": who.patronymic}
    return [column.label(f"{label}_{part}") for part, column in parts.items()]


def _person(row: Row[Any], label: str) -> Named:
    user_id, *name = (row._mapping[f"{label}_{part}"] for part in ("id", "last", "first", "patronymic"))
    return Named(str(user_id), short_name(*name))


def _typed(who: PersonSnapshot) -> PersonFields:
    return PersonFields(
        person_id=str(who.person_id or ""),
        last_name=who.last_name,
        first_name=who.first_name,
        patronymic=who.patronymic,
        birth_date=who.birth_date.strftime("%d.%m.%Y") if who.birth_date else "",  # as the form asks for it
        phone=who.phone,
        enp=who.enp,
        snils=who.snils,
        policy=who.policy,
        address=who.address,
        email=who.email,
    )


def _box(ticked: bool) -> str:
    return "1" if ticked else ""
