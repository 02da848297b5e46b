"""Unsaved cards: made on the ring, saved every two seconds, offered again after any crash (DAY-17, domain 2.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.cti.model import Call, Direction
from hotline.db import Database
from hotline.errors import BadInput, Conflict, Forbidden, NotFound
from hotline.journal import identifiers
from hotline.journal.card_form import CardForm, PersonFields, storable
from hotline.journal.classifier import Classifier
from hotline.journal.model import Draft
from hotline.journal.tables import DraftRow
from hotline.journal.tables_call import CallLegRow, CallRecord
from hotline.staff.model import Right, User

KEEP = timedelta(days=30)
"""Drafts are purged after this (domain 2.2)."""
KEEP_EMPTY = timedelta(days=1)
"""A card that rang and was never typed in holds nothing."""
MAX_FIELDS = 200
MAX_CHARACTERS = 260_000
"""Content and measures at their longest (S003-114), the complaint block, and everything short; more is no card."""


class Drafts:
    """Use cases of unsaved cards."""

    def __init__(self, db: Database, clock: Clock, zone: ZoneInfo, classifier: Classifier) -> None:
        self._db = db
        self._clock = clock
        self._zone = zone
        self._classifier = classifier

    async def create_or_get(
        self, user: User, call_key: str | None = None, call: Call | None = None, *, number: str = ""
    ) -> Draft:
        """Return the user's card of a call, made and pre-filled when he has none (T1); without a call a new card.

        :param call: the call when it is still live: its row may not be written yet.
        :param number: the citizen's, as his telephone told it; used only when nothing else is known of the call.
        :raises Forbidden: the user may not create appeals.
        """
        if not user.may(Right.APPEAL_CREATE):
            raise Forbidden("this user may not register appeals")
        if call_key is not None:
            async with self._db.begin() as session:
                stored = await self._of_call(session, user, call_key)
            if stored is not None:
                return stored
        fields = await self._prefilled(user, call_key, call, number)
        now = self._clock.now()
        async with self._db.begin() as session:
            row_id = await session.scalar(
                insert(DraftRow)
                .values(user_id=user.id, call_key=call_key, fields=fields, rev=0, created_at=now, saved_at=now)
                .on_conflict_do_nothing()
                .returning(DraftRow.id)
            )
            if row_id is not None:
                fields["draft_id"] = str(row_id)
                return Draft(row_id, user.id, call_key, fields, 0, now, now)
            # Two tabs asked at once; the other one made it.
            assert call_key is not None  # noqa: S101 - only the index on the call can conflict
            stored = await self._of_call(session, user, call_key)
        if stored is None:
            raise Conflict("the card was saved or discarded at this moment", error_id="draft-gone")
        return stored

    async def get(self, user: User, draft_id: int) -> Draft:
        """Return the user's own draft.

        :raises NotFound: there is none, or it is somebody else's.
        """
        async with self._db.begin() as session:
            row = await session.get(DraftRow, draft_id)
        if row is None or row.user_id != user.id:
            raise _gone()
        return to_draft(row)

    async def of_call(self, user: User, call_key: str) -> Draft | None:
        """Return the user's draft for a call; ``None`` when he has none (any more)."""
        async with self._db.begin() as session:
            return await self._of_call(session, user, call_key)

    async def written(self, call_key: str) -> Draft | None:
        """Return the card that whoever talked in a call last has typed in; ``None`` when he has typed in none.

        Not simply the newest card: a colleague from whom the forwarding matrix kept the record is still the last one
        who talked, and what he did not get, the next one does not get either.
        """
        statement = (
            select(DraftRow)
            .outerjoin(CallRecord, CallRecord.key == DraftRow.call_key)
            .where(
                DraftRow.call_key == call_key,
                DraftRow.rev > 0,
                or_(CallRecord.operator_id.is_(None), CallRecord.operator_id == DraftRow.user_id),
            )
            .order_by(DraftRow.saved_at.desc(), DraftRow.id.desc())
            .limit(1)
        )
        async with self._db.begin() as session:
            row = await session.scalar(statement)
        return None if row is None else to_draft(row)

    async def view(self, user: User, draft_id: int) -> Draft:
        """Return a draft to read: one's own, or that of a call in which one is being consulted (domain 2.9).

        :raises NotFound: there is none, or the user has no part in its call.
        """
        takes_part = (
            select(CallLegRow.id)
            .join(CallRecord, CallRecord.id == CallLegRow.call_id)
            .where(CallRecord.key == DraftRow.call_key, CallLegRow.user_id == user.id)
            .exists()
        )
        statement = select(DraftRow).where(DraftRow.id == draft_id, or_(DraftRow.user_id == user.id, takes_part))
        async with self._db.begin() as session:
            row = await session.scalar(statement)
        if row is None:
            raise _gone()
        return to_draft(row)

    async def save(
        self, user: User, draft_id: int, rev: int, fields: Mapping[str, str], call_key: str | None = None
    ) -> Draft:
        """Store what was typed, if nobody stored anything since ``rev``; return the draft with its new ``rev``.

        Sending the same again after a lost answer is no conflict.

        :param call_key: kept when the draft has no call yet; a draft never changes from one call to another.
        :raises BadInput: not a card (too large, not text).
        :raises Conflict: ``details["draft"]`` holds ``{rev, saved_at, fields}`` as stored; nothing was changed.
        :raises NotFound: the card was saved as an appeal, discarded, handed over, or never existed.
        """
        clean = checked_fields(fields)
        async with self._db.begin() as session:
            row = await session.scalar(
                select(DraftRow).where(DraftRow.id == draft_id, DraftRow.user_id == user.id).with_for_update()
            )
            if row is None:
                raise _gone()
            clean["draft_id"] = str(row.id)
            clean["call_key"] = row.call_key or clean.get("call_key", "")
            if row.fields == clean and row.rev in {rev, rev + 1}:
                return to_draft(row)
            if row.rev != rev:
                raise Conflict(
                    "the card was changed elsewhere",
                    error_id="stale-draft",
                    details={
                        "draft": {
                            "rev": row.rev,
                            "saved_at": row.saved_at.isoformat(),
                            "fields": to_draft(row).fields,
                        }
                    },
                )
            row.fields = clean
            row.rev = rev + 1
            row.saved_at = self._clock.now()
            if row.call_key is None and call_key and await self._of_call(session, user, call_key) is None:
                row.call_key = call_key
                row.fields = {**clean, "call_key": call_key}
            return to_draft(row)

    async def open(self, user: User) -> tuple[Draft, ...]:
        """Return the user's cards that hold typed text or were handed to him, newest first, at most 100."""
        statement = (
            select(DraftRow)
            .where(DraftRow.user_id == user.id, or_(DraftRow.rev > 0, DraftRow.handed_by.is_not(None)))
            .order_by(DraftRow.saved_at.desc(), DraftRow.id.desc())
            .limit(100)
        )
        async with self._db.begin() as session:
            return tuple(to_draft(row) for row in await session.scalars(statement))

    async def discard(self, user: User, draft_id: int) -> None:
        """Throw one's own draft away.

        :raises NotFound: there is none.
        """
        async with self._db.begin() as session:
            gone = await session.scalar(
                delete(DraftRow).where(DraftRow.id == draft_id, DraftRow.user_id == user.id).returning(DraftRow.id)
            )
        if gone is None:
            raise _gone()

    async def purge(self) -> int:
        """Delete drafts of 30 days, and empty ones of a day; return how many."""
        now = self._clock.now()
        statement = (
            delete(DraftRow)
            .where(
                or_(
                    DraftRow.saved_at < now - KEEP,
                    and_(DraftRow.rev == 0, DraftRow.handed_by.is_(None), DraftRow.saved_at < now - KEEP_EMPTY),
                )
            )
            .returning(DraftRow.id)
        )
        async with self._db.begin() as session:
            return len((await session.scalars(statement)).all())

    async def blank(self, user: User) -> dict[str, str]:
        """Return the fields of a card that no call has brought and nobody has begun."""
        return await self._prefilled(user, None, None)

    async def _prefilled(self, user: User, call_key: str | None, call: Call | None, told: str = "") -> dict[str, str]:
        now = self._clock.now()
        defaults = await self._classifier.defaults(user)
        number, started_at = told or None, now
        if call is not None:
            number, started_at = other_end(call.direction, call.caller, call.dialled), call.started_at
        elif call_key is not None:
            async with self._db.begin() as session:
                row = await session.scalar(select(CallRecord).where(CallRecord.key == call_key))
            if row is not None:
                number = other_end(Direction(row.direction), row.from_raw, row.dialled)
                started_at = row.started_at
        form = CardForm(
            call_key=call_key or "",
            type=defaults.type,
            channel=defaults.channel,
            source=defaults.source,
            appeal_at=started_at.astimezone(user.organisation.zone(self._zone)).strftime("%Y-%m-%dT%H:%M"),
        )
        phone = identifiers.phone(number) or ""
        return replace(form, applicant=PersonFields(phone=phone)).to_fields()

    @staticmethod
    async def _of_call(session: AsyncSession, user: User, call_key: str) -> Draft | None:
        row = await session.scalar(select(DraftRow).where(DraftRow.user_id == user.id, DraftRow.call_key == call_key))
        return None if row is None else to_draft(row)


def other_end(direction: Direction, caller: str | None, dialled: str) -> str | None:
    """Return the citizen's number: who calls in, or who is called."""
    return dialled if direction is Direction.OUT else caller


def checked_fields(fields: Mapping[str, object]) -> dict[str, str]:
    """Return ``fields`` as they can be stored.

    :raises BadInput: not text, or far more than a card can hold.
    """
    clean = {storable(name): storable(value) for name, value in fields.items() if isinstance(value, str)}
    if len(fields) > MAX_FIELDS or len(clean) < len(fields):
        raise BadInput("these are not the fields of a card", details={"fields": "text values only"})
    if sum(len(name) + len(value) for name, value in clean.items()) > MAX_CHARACTERS:
        raise BadInput("the card is too long", details={"fields": f"at most {MAX_CHARACTERS} characters"})
    return clean


def to_draft(row: DraftRow) -> Draft:
    """Read a row."""
    return Draft(
        id=row.id,
        user_id=row.user_id,
        call_key=row.call_key,
        fields={**row.fields, "draft_id": str(row.id), "call_key": row.call_key or ""},
        rev=row.rev,
        created_at=row.created_at,
        saved_at=row.saved_at,
        handed_by=row.handed_by,
    )


def _gone() -> NotFound:
    return NotFound("there is no such draft: it was saved, discarded or handed over", error_id="no-such-draft")
