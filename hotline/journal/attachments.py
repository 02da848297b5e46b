"""Use cases of files: add to a card or an appeal, describe, take off and bring back, read, clean up (S000-63)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, Select, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Conflict, Forbidden, NotFound, Unavailable
from hotline.journal import appeal_view, attachment_store, identifiers
from hotline.journal.antivirus import Antivirus
from hotline.journal.attachment_model import Attachment, Content, Files
from hotline.journal.attachment_rules import (
    MAX_DOC_NO,
    MAX_FILES,
    FileType,
    Kind,
    Scan,
    clean_name,
    may_be_read,
    type_of,
)
from hotline.journal.filestore import FileStore
from hotline.journal.tables import DraftRow
from hotline.journal.tables_call import CallLegRow, CallRecord
from hotline.journal.tables_card import AttachmentRow
from hotline.staff.audit import audit
from hotline.staff.model import User, short_name
from hotline.staff.tables import UserRow


@dataclass(frozen=True, slots=True)
class Owner:
    """What a file belongs to: exactly one of the two."""

    draft_id: int | None = None
    appeal_id: int | None = None


class Attachments:
    """Files of cards. Who may read a card may read its files; who may change it may change them.

    :param limit: largest size of a file, in bytes.
    """

    def __init__(
        self, db: Database, clock: Clock, zone: ZoneInfo, store: FileStore, antivirus: Antivirus, limit: int
    ) -> None:
        self._db = db
        self._clock = clock
        self._zone = zone
        self._store = store
        self._antivirus = antivirus
        self.limit = limit

    async def of(self, user: User, owner: Owner) -> Files:
        """Return the files of a card, those taken off left out.

        :raises NotFound: there is no such card, or it is not his to see.
        """
        async with self._db.begin() as session:
            editable = await self._access(session, user, owner)
            rows = await session.execute(_statement().where(_of(owner), AttachmentRow.deleted_at.is_(None)))
            needed = owner.draft_id is not None and await attachment_store.document_needed(session, user)
            return Files(tuple(_read(row.AttachmentRow, row) for row in rows), editable, needed)

    async def add(self, user: User, owner: Owner, name: str, chunks: AsyncIterator[bytes]) -> Attachment:
        """Add a file; it is on the disk, looked at and scanned when this returns.

        :param name: as the browser calls it; made harmless here.
        :raises BadInput: ``empty-file``, ``file-too-large``, ``file-type``, ``too-many-files``.
        :raises Forbidden: the user may not change this card.
        """
        async with self._db.begin() as session:
            await self._require_editable(session, user, owner)
            if await attachment_store.count(session, draft_id=owner.draft_id, appeal_id=owner.appeal_id) >= MAX_FILES:
                raise BadInput("too many files", error_id="too-many-files", details={"limit": MAX_FILES})
        stored = await self._store.put(chunks, self.limit)
        scan, detail = await self._antivirus.scan(self._store.path(stored.sha256))
        now = self._clock.now()
        async with self._db.begin() as session:
            # Again, and locked: the draft may have become an appeal while the file was on its way.
            owner = await self._settled(session, user, owner)
            row = AttachmentRow(
                draft_id=owner.draft_id,
                appeal_id=owner.appeal_id,
                name=clean_name(name, stored.type),
                kind=stored.type.kind.value,
                mime=stored.type.mime,
                size=stored.size,
                sha256=stored.sha256,
                av_status=scan.value,
                av_detail=detail,
                uploaded_by_id=user.id,
                uploaded_at=now,
            )
            session.add(row)
            await session.flush()
            details = {"event": "add", "file": row.id, "scan": scan.value}
            audit(session, "change", _record(owner), user_id=user.id, at=now, details=details)
            return await self._load(session, row.id)

    async def describe(self, user: User, attachment_id: int, version: int, fields: dict[str, str]) -> Attachment:
        """Write down kind, number and date of the document (S001-064).

        :param fields: any of ``kind``, ``doc_no``, ``doc_date``.
        :raises BadInput: ``details`` names what is wrong.
        :raises Conflict: somebody changed it since ``version``.
        """
        kind, doc_no, doc_date = self._checked(user, fields)
        async with self._db.begin() as session:
            row = await self._locked(session, user, attachment_id)
            _require_version(row, version)
            row.kind = kind or row.kind
            row.doc_no = doc_no
            row.doc_date = doc_date
            self._changed(session, row, user, "describe")
            await session.flush()
            return await self._load(session, row.id)

    async def remove(self, user: User, attachment_id: int, version: int) -> Attachment:
        """Take a file off. It can be brought back; the content stays."""
        return await self._set_deleted(user, attachment_id, version, deleted=True)

    async def restore(self, user: User, attachment_id: int, version: int) -> Attachment:
        """Bring a file back that was taken off."""
        return await self._set_deleted(user, attachment_id, version, deleted=False)

    async def open(self, user: User, attachment_id: int, *, copy: bool) -> Content:
        """Return a file to look at, or with ``copy`` to take away; the reading goes into the audit trail.

        :raises NotFound: there is none, or its card is not his to see, or it was taken off.
        :raises Forbidden: ``infected-file``.
        :raises Unavailable: ``not-scanned``: the scanner has not looked at it yet, and does not answer now.
        """
        async with self._db.begin() as session:
            row = await session.get(AttachmentRow, attachment_id)
            if row is None or row.deleted_at is not None:
                raise _none()
            await self._access(session, user, _owner(row))
        if row.av_status == Scan.WAITING:
            await self._scan_again(attachment_id, row.sha256)
        now = self._clock.now()
        async with self._db.begin() as session:
            found = await self._load(session, attachment_id)
            if found.scan is Scan.INFECTED:
                raise Forbidden("the virus scanner found something in this file", error_id="infected-file")
            if not may_be_read(found.scan):
                raise Unavailable("the virus scanner has not looked at this file yet", error_id="not-scanned")
            path = self._store.path(row.sha256)
            if not await asyncio.to_thread(path.is_file):
                raise NotFound("the content of this file is gone", error_id="file-gone")
            details = {"file": attachment_id, "event": "file"}
            audit(session, "export" if copy else "view", _record(_owner(row)), user_id=user.id, at=now, details=details)
        return Content(found, path)

    async def purge(self) -> int:
        """Delete the files of drafts that are gone, and contents that nothing refers to; return how many contents."""
        async with self._db.begin() as session:
            alive = select(DraftRow.id)
            await session.execute(
                delete(AttachmentRow).where(AttachmentRow.draft_id.is_not(None), AttachmentRow.draft_id.not_in(alive))
            )
        now = self._clock.now()
        old = await asyncio.to_thread(self._store.old, now)
        async with self._db.begin() as session:
            used = set(await session.scalars(select(AttachmentRow.sha256).where(AttachmentRow.sha256.in_(old))))
        return await asyncio.to_thread(self._store.remove, [name for name in old if name not in used], now)

    async def _set_deleted(self, user: User, attachment_id: int, version: int, *, deleted: bool) -> Attachment:
        async with self._db.begin() as session:
            row = await self._locked(session, user, attachment_id)
            _require_version(row, version)
            if (row.deleted_at is not None) is not deleted:
                row.deleted_at = self._clock.now() if deleted else None
                row.deleted_by_id = user.id if deleted else None
                self._changed(session, row, user, "remove" if deleted else "restore")
                await session.flush()
            return await self._load(session, row.id)

    def _changed(self, session: AsyncSession, row: AttachmentRow, user: User, event: str) -> None:
        row.version += 1
        details = {"event": event, "file": row.id}
        audit(session, "change", _record(_owner(row)), user_id=user.id, at=self._clock.now(), details=details)

    def _checked(self, user: User, fields: dict[str, str]) -> tuple[str, str, date | None]:
        kind, doc_no = fields.get("kind", ""), fields.get("doc_no", "").strip()
        wrong: dict[str, str] = {}
        if kind and kind not in list(Kind):
            wrong["kind"] = "unknown"
        if len(doc_no) > MAX_DOC_NO:
            wrong["doc_no"] = f"at most {MAX_DOC_NO} characters"
        text = fields.get("doc_date", "").strip()
        doc_date = identifiers.birth_date(text) if text else None
        if text and doc_date is None:
            wrong["doc_date"] = "not a date"
        elif (
            doc_date is not None and doc_date > self._clock.now().astimezone(user.organisation.zone(self._zone)).date()
        ):
            wrong["doc_date"] = "must not be in the future"
        if wrong:
            raise BadInput("the file cannot be described so", details=wrong)
        return kind, doc_no, doc_date

    async def _scan_again(self, attachment_id: int, sha256: str) -> None:
        scan, detail = await self._antivirus.scan(self._store.path(sha256))
        async with self._db.begin() as session:
            row = await session.get(AttachmentRow, attachment_id, with_for_update=True, populate_existing=True)
            if row is not None and row.av_status == Scan.WAITING:
                row.av_status, row.av_detail = scan.value, detail

    async def _access(self, session: AsyncSession, user: User, owner: Owner) -> bool:
        """Return whether ``user`` may change the card; raise when he may not even see it."""
        if owner.appeal_id is not None:
            await appeal_view.require_visible(session, user, owner.appeal_id)
            appeal = await appeal_view.load(session, user, owner.appeal_id, self._zone, self._clock.now())
            return appeal.editable
        draft = await session.get(DraftRow, owner.draft_id)
        if draft is None:
            raise NotFound("there is no such draft", error_id="no-such-draft")
        if draft.user_id == user.id:
            return True
        consulted = (
            select(CallLegRow.id)
            .join(CallRecord, CallRecord.id == CallLegRow.call_id)
            .where(CallRecord.key == draft.call_key, CallLegRow.user_id == user.id)
            .limit(1)
        )
        if draft.call_key is None or await session.scalar(consulted) is None:
            raise NotFound("there is no such draft", error_id="no-such-draft")
        return False

    async def _require_editable(self, session: AsyncSession, user: User, owner: Owner) -> None:
        if not await self._access(session, user, owner):
            raise Forbidden("this card may not be changed now", error_id="appeal-locked")

    async def _settled(self, session: AsyncSession, user: User, owner: Owner) -> Owner:
        if owner.draft_id is not None:
            await session.get(DraftRow, owner.draft_id, with_for_update=True)
        await self._require_editable(session, user, owner)
        return owner

    async def _locked(self, session: AsyncSession, user: User, attachment_id: int) -> AttachmentRow:
        row = await session.get(AttachmentRow, attachment_id, with_for_update=True)
        if row is None:
            raise _none()
        await self._require_editable(session, user, _owner(row))
        return row

    @staticmethod
    async def _load(session: AsyncSession, attachment_id: int) -> Attachment:
        row = (await session.execute(_statement().where(AttachmentRow.id == attachment_id))).one_or_none()
        if row is None:
            raise _none()
        return _read(row.AttachmentRow, row)


def _statement() -> Select[*tuple[Any, ...]]:
    return (
        select(AttachmentRow, UserRow.last_name, UserRow.first_name, UserRow.patronymic)
        .join(UserRow, UserRow.id == AttachmentRow.uploaded_by_id)
        .order_by(AttachmentRow.id)
    )


def _of(owner: Owner) -> ColumnElement[bool]:
    if owner.draft_id is not None:
        return AttachmentRow.draft_id == owner.draft_id
    return AttachmentRow.appeal_id == owner.appeal_id


def _owner(row: AttachmentRow) -> Owner:
    return Owner(row.draft_id, row.appeal_id)


def _record(owner: Owner) -> tuple[str, int | str]:
    return ("draft", owner.draft_id) if owner.draft_id is not None else ("appeal", owner.appeal_id or "")


def _read(row: AttachmentRow, who: Row[Any]) -> Attachment:
    return Attachment(
        id=row.id,
        name=row.name,
        kind=Kind(row.kind),
        type=type_of(row.mime) or FileType(row.mime, ("bin",)),
        size=row.size,
        doc_no=row.doc_no,
        doc_date=row.doc_date,
        scan=Scan(row.av_status),
        scan_detail=row.av_detail,
        version=row.version,
        by=short_name(who.last_name, who.first_name, who.patronymic),
        at=row.uploaded_at,
        deleted_at=row.deleted_at,
    )


def _require_version(row: AttachmentRow, version: int) -> None:
    if row.version != version:
        raise Conflict("somebody else changed this file", error_id="stale-file", details={"version": row.version})


def _none() -> NotFound:
    return NotFound("there is no such file", error_id="no-such-file")
