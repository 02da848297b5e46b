"""Reads dossiers: the person, telephones, twins, files, history."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from hotline.errors import NotFound
from hotline.journal import identifiers, restricted, visibility
from hotline.journal.dossier_model import Dossier, DossierEvent, DossierFile, DossierPhone
from hotline.journal.person_access import shown_dossier
from hotline.journal.tables import AppealRecord
from hotline.journal.tables_card import AttachmentRow
from hotline.journal.tables_merge import PersonMergeRow
from hotline.journal.tables_person import PersonPhoneRow, PersonRow
from hotline.staff.model import User, short_name
from hotline.staff.tables import AuditEventRow, OrganisationRow, UserRow

_FILES = 50
_EVENTS = 50


async def living_id(session: AsyncSession, person_id: int) -> int:
    """Follow merges to the dossier that stands for a person now."""
    seen = {person_id}
    while True:
        into = await session.scalar(select(PersonRow.merged_into_id).where(PersonRow.id == person_id))
        if into is None or into in seen:
            return person_id
        seen.add(into)
        person_id = into


async def load(session: AsyncSession, user: User, person_id: int) -> Dossier:
    """Return a dossier as ``user`` may see it, merged or not.

    :raises NotFound: there is none, or it is not his to see (domain 2.8); which one is not said.
    """
    limits = visibility.dossiers(user)
    statement = (
        select(PersonRow, OrganisationRow.short_name, restricted.keeps(user))
        .outerjoin(OrganisationRow, OrganisationRow.id == PersonRow.insurer_id)
        .where(PersonRow.id == person_id, *([] if limits is None else [limits]))
        .execution_options(populate_existing=True)
    )
    found = (await session.execute(statement)).one_or_none()
    if found is None:
        raise NotFound("there is no such person", error_id="no-such-person")
    row, insurer, kept = found
    dossier = Dossier(
        **{
            name: getattr(row, name)
            for name in (
                "id", "version", "last_name", "first_name", "patronymic", "birth_date", "sex", "address",
                "address_fact",
                "email", "clinic", "notes", "insured_status", "source", "is_dead", "died_on", "valid_from", "valid_to",
                "merged_into_id",
            )
        },
        enp=row.enp or "",
        snils=row.snils or "",
        policy=row.policy or "",
        insurer=insurer or "",
        phones=await _phones(session, person_id),
        warnings=_warnings(row),
    )  # fmt: skip
    return shown_dossier(user, dossier, contacts=not kept)


async def files(session: AsyncSession, user: User, person_id: int) -> tuple[DossierFile, ...]:
    """Return the files of those of his appeals that ``user`` may see, newest first."""
    limits = visibility.content(user)
    statement = (
        select(AttachmentRow, AppealRecord.number)
        .join(AppealRecord, AppealRecord.id == AttachmentRow.appeal_id)
        .where(
            or_(AppealRecord.applicant_id == person_id, AppealRecord.insured_id == person_id),
            AttachmentRow.deleted_at.is_(None),
            *([] if limits is None else [limits]),
        )
        .order_by(AttachmentRow.id.desc())
        .limit(_FILES)
    )
    return tuple(
        DossierFile(row.id, row.appeal_id or 0, number, row.name, row.uploaded_at)
        for row, number in await session.execute(statement)
    )


async def events(session: AsyncSession, person_id: int) -> tuple[DossierEvent, ...]:
    """Return what was done to a dossier, newest first."""
    changes = await session.execute(
        select(AuditEventRow, *_named(UserRow))
        .outerjoin(UserRow, UserRow.id == AuditEventRow.user_id)
        .where(
            AuditEventRow.entity == "person",
            AuditEventRow.entity_id == str(person_id),
            AuditEventRow.action == "change",
        )
        .order_by(AuditEventRow.at.desc(), AuditEventRow.id.desc())
        .limit(_EVENTS)
    )
    other = aliased(PersonRow)
    open_merges = {
        row.id: " ".join(filter(None, (row.last_name, row.first_name, row.patronymic)))
        for row in await session.execute(
            select(PersonMergeRow.id, *_named(other))
            .join(other, other.id == PersonMergeRow.gone_id)
            .where(PersonMergeRow.kept_id == person_id, PersonMergeRow.undone_at.is_(None))
        )
    }
    return tuple(
        DossierEvent(
            at=row.AuditEventRow.at,
            by=short_name(row.last_name, row.first_name, row.patronymic),
            what=str(row.AuditEventRow.details.get("what", "edit")),
            fields=tuple(row.AuditEventRow.details.get("fields", ())),
            merge_id=merge if (merge := row.AuditEventRow.details.get("merge")) in open_merges else None,
            other=open_merges.get(merge, "") if row.AuditEventRow.details.get("what") == "merge" else "",
        )
        for row in changes
    )


async def _phones(session: AsyncSession, person_id: int) -> tuple[DossierPhone, ...]:
    others = aliased(PersonPhoneRow)
    people = (
        select(func.count()).select_from(others).where(others.e164 == PersonPhoneRow.e164, ~others.is_wrong)
    ).scalar_subquery()
    rows = await session.execute(
        select(PersonPhoneRow, people.label("people"))
        .where(PersonPhoneRow.person_id == person_id)
        .order_by(PersonPhoneRow.is_wrong, PersonPhoneRow.last_confirmed_at.desc().nulls_last(), PersonPhoneRow.id)
    )
    return tuple(
        DossierPhone(
            row.id, row.e164, row.kind, row.is_wrong, row.do_not_call, row.last_confirmed_at, max(1, people)
        )
        for row, people in rows
    )  # fmt: skip


def same_name(row: PersonRow) -> Any:
    """Return what makes another dossier a suggestion: the same name and birth date (DAY-26)."""
    return and_(
        PersonRow.s_sur == row.s_sur,
        PersonRow.s_nam == row.s_nam,
        PersonRow.s_pat == row.s_pat,
        PersonRow.birth_date == row.birth_date,
    )


def _warnings(row: PersonRow) -> tuple[str, ...]:
    checked = (identifiers.enp(row.enp or ""), identifiers.snils(row.snils or ""))
    return tuple(one.warning for one in checked if one is not None and one.warning)


def _named(who: Any) -> list[Any]:
    return [who.last_name, who.first_name, who.patronymic]
