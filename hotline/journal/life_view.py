"""Reads what the life of an appeal has made of it, and what may be done next."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from hotline.journal import process_store, targets
from hotline.journal.extensions import offered
from hotline.journal.forwarding import Kind
from hotline.journal.lifecycle_model import LifeCycle, MoveOffer, Remark
from hotline.journal.process_model import NEEDS, Actor, Ask, Clause, Facts, Process, Transition
from hotline.journal.tables import AppealRecord
from hotline.journal.tables_classifier import ResultRow
from hotline.journal.tables_lifecycle import CallbackTaskRow, RemarkRow
from hotline.journal.tables_terms import ExtensionRequestRow
from hotline.journal.targets_model import MoveDialog, ResultChoice, Targets
from hotline.journal.workflow import IllegalMoveError, asked, choose
from hotline.staff.model import User, short_name
from hotline.staff.tables import OrganisationRow, UserRow

FIELD_NAMES = {Ask.TARGET: "to", Ask.DATE: "due_at", Ask.CONTACT: "comment"}
"""Fields of the dialog by what asks for them; the others are named alike."""


def offers(moves: tuple[Transition, ...]) -> tuple[MoveOffer, ...]:
    """Return the buttons for moves: those that have a title."""
    return tuple(
        MoveOffer(one.trigger, one.title, one.icon, one.style, tuple(map(str, one.asks))) for one in moves if one.title
    )


async def load(session: AsyncSession, row: AppealRecord, moves: tuple[Transition, ...]) -> LifeCycle:
    """Return the life of an appeal: two statements."""
    closer, org, asker = aliased(UserRow), aliased(OrganisationRow), aliased(UserRow)
    any_request = aliased(ExtensionRequestRow)
    statement = (
        select(
            ResultRow.title.label("result"),
            org.short_name.label("group_org"),
            CallbackTaskRow.at.label("callback_since"),
            ExtensionRequestRow.new_due,
            exists().where(any_request.appeal_id == AppealRecord.id).label("has_extensions"),
            *_name(closer, "closer"),
            *_name(asker, "asker"),
        )
        .select_from(AppealRecord)
        .outerjoin(ResultRow, ResultRow.code == AppealRecord.result_code)
        .outerjoin(closer, closer.id == AppealRecord.closed_by_id)
        .outerjoin(org, org.id == AppealRecord.forwarded_org_id)
        .outerjoin(CallbackTaskRow, (CallbackTaskRow.appeal_id == AppealRecord.id) & CallbackTaskRow.done_at.is_(None))
        .outerjoin(
            ExtensionRequestRow,
            (ExtensionRequestRow.appeal_id == AppealRecord.id) & (ExtensionRequestRow.decision == "pending"),
        )
        .outerjoin(asker, asker.id == ExtensionRequestRow.requested_by_id)
        .where(AppealRecord.id == row.id)
    )
    found = (await session.execute(statement)).one()
    return LifeCycle(
        moves=offers(moves),
        remarks=await _remarks(session, row.id),
        result=found.result or "",
        result_org=row.result_org,
        close_date=row.close_date,
        closed_by=_short(found, "closer"),
        written_close_date=row.written_close_date,
        final_closed_at=row.final_closed_at,
        group_role=row.forwarded_role or "",
        group_organisation=found.group_org or "",
        callback_since=found.callback_since,
        asked_due=found.new_due,
        asked_by=_short(found, "asker"),
        has_extensions=found.has_extensions,
        deleted_reason=row.deleted_reason,
    )


async def _remarks(session: AsyncSession, appeal_id: int) -> tuple[Remark, ...]:
    statement = (
        select(RemarkRow, *_name(UserRow, "by"))
        .join(UserRow, UserRow.id == RemarkRow.by_id)
        .where(RemarkRow.appeal_id == appeal_id)
        .order_by(RemarkRow.id.desc())
    )
    return tuple(
        Remark(found.RemarkRow.at, _short(found, "by"), found.RemarkRow.text, found.RemarkRow.resolved_at)
        for found in await session.execute(statement)
    )


async def dialog(
    session: AsyncSession, user: User, row: AppealRecord, trigger: str, now: datetime, zone: ZoneInfo
) -> MoveDialog:
    """Return what the dialog of a move asks.

    :raises IllegalMoveError: ``user`` may not make the move now.
    """
    process = await process_store.process(session)
    facts, who = await process_store.facts_of(session, row), process_store.actor(row, user)
    transition = choose(process, facts, trigger, who)
    clauses = asked(transition, facts)
    results, kinds = await _results(session, process, facts, who, transition, user, now)
    kinds |= {clause.argument for clause in clauses if clause.word == Ask.TARGET}
    found = Targets()
    for kind in sorted(kinds):
        found = await targets.find(session, user, row, Kind(kind))
    names = tuple(dict.fromkeys([*_fields(clauses), *(name for one in results for name in one.fields)]))
    preset = process.settings.get("consultation_result", "") if facts.consultation else ""
    return MoveDialog(
        trigger=trigger,
        title=transition.title,
        icon=transition.icon,
        style=transition.style,
        number=row.number,
        version=row.version,
        fields=names if "comment" in names else (*names, "comment"),
        # A linked call that was answered is the contact itself (T7).
        required=frozenset(_fields(tuple(one for one in clauses if one.word != Ask.CONTACT or not facts.contacted))),
        results=results,
        result=row.result_code or str(preset),
        measures=row.measures,
        targets=found,
        due_at=row.due_at,
        offered=offered(row.due_at, now, facts.max_extension_days, zone) if "due_at" in names else None,
        complaint=facts.complaint,
    )


async def _results(
    session: AsyncSession,
    process: Process,
    facts: Facts,
    who: Actor,
    transition: Transition,
    user: User,
    now: datetime,
) -> tuple[tuple[ResultChoice, ...], set[str]]:
    """Return the results that may be chosen, with their fields, and the kinds of target that they ask for."""
    if transition.asked(Ask.RESULT) is None:
        return (), set()
    today = now.date()
    rows = await session.scalars(
        select(ResultRow)
        .where(
            (ResultRow.valid_from.is_(None)) | (ResultRow.valid_from <= today),
            (ResultRow.valid_to.is_(None)) | (ResultRow.valid_to > today),
            (ResultRow.organisation_id.is_(None)) | (ResultRow.organisation_id == user.organisation.id),
        )
        .order_by(ResultRow.sort, ResultRow.code)
    )
    found, kinds = [], set()
    for row in rows:
        made = transition
        if row.trigger:
            try:
                made = choose(process, facts, row.trigger, who)
            except IllegalMoveError:
                continue  # this person could not make the move that the result stands for
        clauses = asked(made, facts)
        kinds |= {clause.argument for clause in clauses if clause.word == Ask.TARGET}
        needed = [Clause(NEEDS[need].value) for need in row.needs if need in NEEDS]
        found.append(ResultChoice(row.code, row.title, tuple(dict.fromkeys(_fields((*clauses, *needed)))), made.title))
    return tuple(found), kinds


def _fields(clauses: tuple[Clause, ...]) -> list[str]:
    return [FIELD_NAMES.get(Ask(clause.word), clause.word) for clause in clauses if clause.word != Ask.FIELDS]


def _name(who: Any, label: str) -> list[Any]:
    parts = {"last": who.last_name, "first": who.first_name, "patronymic": who.patronymic}
    return [column.label(f"{label}_{part}") for part, column in parts.items()]


def _short(row: Any, label: str) -> str:
    return short_name(*(row._mapping[f"{label}_{part}"] for part in ("last", "first", "patronymic")))
