"""Use cases of linked appeals: see, add, take off; and a call that belongs to an older appeal (S001-058, DAY-23)."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Conflict, Forbidden, NotFound
from hotline.events import Bus
from hotline.journal import appeal_view, attachment_store, dispositions
from hotline.journal.card_extras import add_links
from hotline.journal.links import AppealLink, LinkKind
from hotline.journal.model import Appeal, Form
from hotline.journal.moves import Step, note
from hotline.journal.outbox import Outbox
from hotline.journal.recipients import Recipient, recipients
from hotline.journal.tables import AppealCallRow, AppealRecord, DraftRow
from hotline.journal.tables_card import AppealLinkRow
from hotline.journal.tables_classifier import StatusRow, TopicRow
from hotline.staff.model import User, short_name
from hotline.staff.tables import UserRow

MAX_NOTE = 20_000
"""Letters of a card that go into the history of the appeal to which its call was appended."""


class AppealLinks:
    """Which appeals belong together. Every change is in the history of the appeal."""

    def __init__(self, db: Database, clock: Clock, zone: ZoneInfo, outbox: Outbox, bus: Bus | None) -> None:
        self._db = db
        self._clock = clock
        self._zone = zone
        self._outbox = outbox
        self._bus = bus

    async def of(self, user: User, appeal_id: int) -> tuple[AppealLink, ...]:
        """Return the linked appeals, those that link to this one among them, oldest link first.

        :raises NotFound: there is no such appeal, or it is not his to read.
        """
        async with self._db.begin() as session:
            await appeal_view.require_visible(session, user, appeal_id)
            return await _links(session, appeal_id)

    async def former(self, user: User, appeal_ids: Sequence[int]) -> dict[int, Recipient]:
        """Return who handles each appeal, where the matrix lets ``user`` forward an oral one to him (S001-059)."""
        async with self._db.begin() as session:
            rows = await session.execute(
                select(AppealRecord.id, AppealRecord.owner_id).where(AppealRecord.id.in_(appeal_ids))
            )
            owners = {row.id: row.owner_id for row in rows}
            people = {one.user_id: one for one in await recipients(session, user, Form.ORAL) if not one.needs_reason}
        return {one: people[owner] for one, owner in owners.items() if owner in people}

    async def add(self, user: User, appeal_id: int, version: int, number: str, kind: str) -> Appeal:
        """Link an appeal by its number.

        :raises BadInput: there is no such appeal (or it is not his to see), or no such kind.
        :raises Conflict: somebody changed the appeal since ``version``.
        :raises Forbidden: the user may not change it now.
        """
        if kind not in list(LinkKind):
            raise BadInput("why are they linked?", details={"kind": "unknown"})
        now = self._clock.now()
        async with self._db.begin() as session:
            row = await self._locked(session, user, appeal_id, version)
            other = await session.scalar(select(AppealRecord.id).where(AppealRecord.number == number.strip()))
            wanted = {other: LinkKind(kind)} if other is not None else {}
            if not await add_links(session, user, appeal_id, wanted, now):
                raise BadInput("there is no other appeal with this number", details={"number": "unknown"})
            await _changed(session, row, Step(user, now, number.strip()), "link")
        return await self._after(user, appeal_id)

    async def remove(self, user: User, appeal_id: int, version: int, link_id: int) -> Appeal:
        """Take a link off; the history keeps that it was there.

        :raises NotFound: there is no such link.
        """
        now = self._clock.now()
        async with self._db.begin() as session:
            row = await self._locked(session, user, appeal_id, version)
            link = await session.get(AppealLinkRow, link_id, with_for_update=True)
            if link is None or link.removed_at is not None or appeal_id not in {link.from_id, link.to_id}:
                raise NotFound("there is no such link", error_id="no-such-link")
            link.removed_at, link.removed_by_id = now, user.id
            other = link.to_id if link.from_id == appeal_id else link.from_id
            number = await session.scalar(select(AppealRecord.number).where(AppealRecord.id == other))
            await _changed(session, row, Step(user, now, number or ""), "unlink")
        return await self._after(user, appeal_id)

    async def append_call(self, user: User, appeal_id: int, draft_id: int) -> Appeal:
        """Put the call of an unsaved card to an appeal that is there already, instead of registering another (DAY-23).

        What was typed goes into the appeal's history, the card's files to the appeal; the card is gone then. Whoever
        sees the appeal may do it: it adds, and changes nothing that somebody else wrote.

        :raises NotFound: there is no such card or appeal.
        :raises Conflict: the appeal is closed.
        """
        now = self._clock.now()
        async with self._db.begin() as session:
            draft = await session.get(DraftRow, draft_id, with_for_update=True, populate_existing=True)
            if draft is None or draft.user_id != user.id:
                raise NotFound("there is no such draft", error_id="no-such-draft")
            row = await session.get(AppealRecord, appeal_id, with_for_update=True, populate_existing=True)
            seen = await appeal_view.load(session, user, appeal_id, self._zone, now)
            if row is None or not row.is_open:
                raise Conflict("this appeal is closed", error_id="illegal-move", details={"status": seen.status.title})
            fact = None
            if draft.call_key:
                await session.execute(
                    insert(AppealCallRow)
                    .values(call_key=draft.call_key, appeal_id=appeal_id, relation="about")
                    .on_conflict_do_nothing()
                )
                fact = await dispositions.register(session, draft.call_key, self._clock)
            typed = [draft.fields.get(name, "").strip() for name in ("content", "measures")]
            await _changed(session, row, Step(user, now, "\n\n".join(filter(None, typed))[:MAX_NOTE]), "append_call")
            await attachment_store.adopt(session, draft_id, appeal_id)
            await session.delete(draft)
        if fact is not None and self._bus is not None:
            self._bus.publish(fact)
        return await self._after(user, appeal_id)

    async def _locked(self, session: AsyncSession, user: User, appeal_id: int, version: int) -> AppealRecord:
        row = await session.get(AppealRecord, appeal_id, with_for_update=True, populate_existing=True)
        appeal = await appeal_view.load(session, user, appeal_id, self._zone, self._clock.now())
        if row is None or not appeal.editable:
            raise Forbidden("this appeal may not be edited now", error_id="appeal-locked")
        if row.version != version:
            raise Conflict(
                "somebody else changed this appeal", error_id="stale-appeal", details={"version": row.version}
            )
        return row

    async def _after(self, user: User, appeal_id: int) -> Appeal:
        await self._outbox.relay()
        async with self._db.begin() as session:
            return await appeal_view.load(session, user, appeal_id, self._zone, self._clock.now())


async def _changed(session: AsyncSession, row: AppealRecord, step: Step, event: str) -> None:
    row.version += 1
    await session.flush()
    await note(session, row, step, event=event, kind="appeal.changed", others=set())


async def _links(session: AsyncSession, appeal_id: int) -> tuple[AppealLink, ...]:
    found = []
    for here, there in ((AppealLinkRow.from_id, AppealLinkRow.to_id), (AppealLinkRow.to_id, AppealLinkRow.from_id)):
        statement = (
            select(
                AppealLinkRow,
                AppealRecord.id.label("appeal_id"),
                AppealRecord.number,
                TopicRow.title.label("topic"),
                StatusRow.title.label("status"),
                UserRow.last_name,
                UserRow.first_name,
                UserRow.patronymic,
            )
            .join(AppealRecord, AppealRecord.id == there)
            .join(TopicRow, TopicRow.code == AppealRecord.topic_code)
            .join(StatusRow, StatusRow.code == AppealRecord.status_code)
            .join(UserRow, UserRow.id == AppealLinkRow.by_id)
            .where(here == appeal_id, AppealLinkRow.removed_at.is_(None))
        )
        for row in await session.execute(statement):
            link: AppealLinkRow = row.AppealLinkRow
            found.append(
                AppealLink(
                    id=link.id,
                    appeal_id=row.appeal_id,
                    number=row.number,
                    topic=row.topic,
                    status=row.status,
                    kind=LinkKind(link.kind),
                    by=short_name(row.last_name, row.first_name, row.patronymic),
                    at=link.at,
                    later=link.to_id == appeal_id,
                )
            )
    return tuple(sorted(found, key=lambda one: one.id))
