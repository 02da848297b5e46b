"""Use cases of merging two dossiers of one person, and of undoing it (DAY-26, domain 2.9)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Conflict, Forbidden, NotFound
from hotline.journal import dossier_read, personmerge
from hotline.journal.dossier_model import Merging
from hotline.journal.outbox import Outbox, put_person
from hotline.journal.person_model import Merge, PersonChanged
from hotline.journal.tables import AppealRecord
from hotline.journal.tables_merge import PersonMergeRow
from hotline.journal.tables_person import PersonPhoneRow, PersonRow, RegisterEntryRow
from hotline.staff.audit import audit
from hotline.staff.model import Right, User


class Merges:
    """Merging: appeals, telephones and with them calls and files follow; the other dossier leads to the kept one."""

    def __init__(self, db: Database, clock: Clock, outbox: Outbox) -> None:
        self._db = db
        self._clock = clock
        self._outbox = outbox

    async def preview(
        self, user: User, kept_id: int, gone_id: int, choices: Mapping[str, str]
    ) -> tuple[Merging, tuple[personmerge.Line, ...]]:
        """Return both dossiers, and field by field what the kept one would hold.

        :raises NotFound: one of them does not exist.
        :raises Conflict: one of them was merged already.
        :raises BadInput: they are the same.
        """
        _require(user)
        async with self._db.begin() as session:
            kept, gone = await _both(session, kept_id, gone_id)
            merging = Merging(
                kept=await dossier_read.load(session, user, kept_id),
                gone=await dossier_read.load(session, user, gone_id),
                appeals=int(await session.scalar(select(func.count()).where(_appeals_of(gone_id))) or 0),
                phones=int(await session.scalar(select(func.count()).where(PersonPhoneRow.person_id == gone_id)) or 0),
            )
            return merging, personmerge.preview(_values(kept), _values(gone), choices)

    async def merge(
        self, user: User, kept_id: int, gone_id: int, versions: tuple[int, int], choices: Mapping[str, str]
    ) -> Merge:
        """Merge ``gone_id`` into ``kept_id``.

        :param versions: of the kept and of the other dossier, as the preview showed them.
        :param choices: field → "kept" or "gone"; what is not named stays, gaps are filled.
        :raises Conflict: ``stale-person``, ``person-merged``, or the chosen ENP is somebody else's.
        """
        _require(user)
        try:
            async with self._db.begin() as session:
                kept, gone = await _both(session, kept_id, gone_id)
                if (kept.version, gone.version) != versions:
                    raise Conflict("somebody changed one of the dossiers", error_id="stale-person")
                changes = personmerge.changes(_values(kept), _values(gone), choices)
                before = {name: _values(kept)[name] for name in changes}
                gone.merged_into_id, gone.version = kept_id, gone.version + 1
                await session.flush()  # its ENP is free from here on
                _set(kept, changes)
                _follow_insurance(kept, gone, changes)
                kept.version += 1
                row = PersonMergeRow(
                    kept_id=kept_id, gone_id=gone_id, by_id=user.id, at=self._clock.now(), before=before,
                    after=dict(changes), moved=await _move(session, gone_id, kept_id),
                )  # fmt: skip
                session.add(row)
                await session.flush()
                self._note(session, user, row, "merge")
                merged = Merge(row.id, kept_id, gone_id)
        except IntegrityError as error:
            raise Conflict("another dossier has this ENP", error_id="same-enp") from error
        await self._outbox.relay()
        return merged

    async def undo(self, user: User, merge_id: int) -> Merge:
        """Give both dossiers back: what moved goes back, fields that nobody changed since become as they were.

        :raises NotFound: there is no such merge.
        :raises Conflict: undone already; the kept one was merged further; the ENP is somebody else's by now.
        """
        _require(user)
        try:
            async with self._db.begin() as session:
                row = await session.get(PersonMergeRow, merge_id, with_for_update=True)
                if row is None:
                    raise NotFound("there is no such merge", error_id="no-such-merge")
                people = await _locked(session, row.kept_id, row.gone_id)
                kept, gone = people[row.kept_id], people[row.gone_id]
                if row.undone_at is not None:
                    raise Conflict("this merge was undone already", error_id="merge-undone")
                if kept.merged_into_id is not None:
                    raise Conflict("the dossier was merged further", error_id="merged-further")
                _set(kept, personmerge.restored(row.before, row.after, _values(kept)))
                kept.version += 1
                await session.flush()
                gone.merged_into_id, gone.version = None, gone.version + 1
                await session.flush()
                await _move_back(session, row)
                row.undone_at, row.undone_by_id = self._clock.now(), user.id
                self._note(session, user, row, "undo")
                undone = Merge(row.id, row.kept_id, row.gone_id)
        except IntegrityError as error:
            raise Conflict("another dossier has this ENP", error_id="same-enp") from error
        await self._outbox.relay()
        return undone

    def _note(self, session: AsyncSession, user: User, row: PersonMergeRow, what: str) -> None:
        now = self._clock.now()
        for person_id in (row.kept_id, row.gone_id):
            details = {"what": what, "merge": row.id, "fields": sorted(row.after) if person_id == row.kept_id else []}
            audit(session, "change", ("person", person_id), user_id=user.id, at=now, details=details)
            put_person(session, PersonChanged(person_id, now))


async def _both(session: AsyncSession, kept_id: int, gone_id: int) -> tuple[PersonRow, PersonRow]:
    if kept_id == gone_id:
        raise BadInput("a dossier cannot be merged with itself", error_id="same-person")
    people = await _locked(session, kept_id, gone_id)
    for row in people.values():
        if row.merged_into_id is not None:
            raise Conflict("this dossier was merged", error_id="person-merged", details={"into": row.merged_into_id})
    return people[kept_id], people[gone_id]


async def _locked(session: AsyncSession, *person_ids: int) -> dict[int, PersonRow]:
    """Lock both, always in the same order: two merges at once cannot wait for each other."""
    rows = await session.scalars(
        select(PersonRow)
        .where(PersonRow.id.in_(person_ids))
        .order_by(PersonRow.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = {row.id: row for row in rows}
    if len(found) != len(person_ids):
        raise NotFound("there is no such person", error_id="no-such-person")
    return found


def _values(row: PersonRow) -> dict[str, str]:
    return {name: "" if (value := getattr(row, name)) is None else str(value) for name in personmerge.FIELDS}


def _set(row: PersonRow, values: Mapping[str, str]) -> None:
    for name, text in values.items():
        value: Any = text
        if name == "birth_date":
            value = date.fromisoformat(text) if text else None
        elif name == "insurer_id":
            value = int(text) if text else None
        elif name in {"enp", "snils", "policy"}:
            value = text or None
        elif name == "sex":
            value = text or "u"
        setattr(row, name, value)


def _follow_insurance(kept: PersonRow, gone: PersonRow, changes: Mapping[str, str]) -> None:
    """What the register says of a policy goes with its number."""
    if "enp" in changes:
        kept.valid_from, kept.valid_to = gone.valid_from, gone.valid_to
        kept.insured_status, kept.source = gone.insured_status, gone.source
    if gone.is_dead and not kept.is_dead:
        kept.is_dead, kept.died_on = True, gone.died_on


def _appeals_of(person_id: int) -> Any:
    return or_(AppealRecord.applicant_id == person_id, AppealRecord.insured_id == person_id)


async def _move(session: AsyncSession, gone_id: int, kept_id: int) -> dict[str, Any]:
    moved: dict[str, Any] = {}
    for name, column in (("applicant", AppealRecord.applicant_id), ("insured", AppealRecord.insured_id)):
        moved[name] = list(
            await session.scalars(
                update(AppealRecord).where(column == gone_id).values({column: kept_id}).returning(AppealRecord.id)
            )
        )
    # A number that both had stays with the dossier that goes.
    there = select(PersonPhoneRow.e164).where(PersonPhoneRow.person_id == kept_id)
    moved["phones"] = list(
        await session.scalars(
            update(PersonPhoneRow)
            .where(PersonPhoneRow.person_id == gone_id, PersonPhoneRow.e164.not_in(there))
            .values(person_id=kept_id)
            .returning(PersonPhoneRow.id)
            .execution_options(synchronize_session=False)
        )
    )
    entries = await session.execute(
        update(RegisterEntryRow)
        .where(RegisterEntryRow.person_id == gone_id)
        .values(person_id=kept_id)
        .returning(RegisterEntryRow.scope, RegisterEntryRow.key)
    )
    moved["entries"] = [[scope, key] for scope, key in entries]
    return moved


async def _move_back(session: AsyncSession, row: PersonMergeRow) -> None:
    """Only what still is with the kept dossier: what somebody attached elsewhere since stays there."""
    for name, column in (("applicant", AppealRecord.applicant_id), ("insured", AppealRecord.insured_id)):
        await session.execute(
            update(AppealRecord)
            .where(AppealRecord.id.in_(row.moved[name]), column == row.kept_id)
            .values({column: row.gone_id})
        )
    await session.execute(
        update(PersonPhoneRow)
        .where(PersonPhoneRow.id.in_(row.moved["phones"]), PersonPhoneRow.person_id == row.kept_id)
        .values(person_id=row.gone_id)
    )
    for scope, key in row.moved["entries"]:
        await session.execute(
            update(RegisterEntryRow)
            .where(
                RegisterEntryRow.scope == scope, RegisterEntryRow.key == key, RegisterEntryRow.person_id == row.kept_id
            )
            .values(person_id=row.gone_id)
        )


def _require(user: User) -> None:
    if not user.may(Right.PERSON_MERGE):
        raise Forbidden("this user may not merge dossiers", details={"needs": [Right.PERSON_MERGE]})
