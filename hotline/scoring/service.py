"""Reviews of conversations: making one, scoring it, answering it; a calibration is several at once (DAY-37)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.cti.model import SegmentKind
from hotline.db import Database
from hotline.errors import BadInput, Conflict, Forbidden, NotFound
from hotline.journal.notice_model import REVIEW, NoticeKind
from hotline.journal.notices import About, notify
from hotline.journal.outbox import Outbox
from hotline.journal.tables_call import CallRecord
from hotline.journal.tables_rating import RatingRow
from hotline.journal.tables_segment import CallSegmentRow
from hotline.scoring import queries, sheets
from hotline.scoring.model import Answers, Comment, Move, Review, ReviewLine, Standing, State
from hotline.scoring.rules import LONGEST_NOTE, moves_of, step
from hotline.scoring.tables import EditionRow, MoveRow, ReviewRow, SheetRow
from hotline.staff.audit import audit
from hotline.staff.model import Right, User
from hotline.staff.tables import UserRow

PAGE = 100
MOST_COMMENTS = 100
LONGEST_COMMENT = 1000
LONGEST_CALL_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Filled:
    """What a reviewer has filled in so far."""

    answers: Answers
    comments: tuple[Comment, ...] = ()
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Talk:
    """An operator's part of a call that may be reviewed."""

    operator_id: int
    operator: str
    seconds: float
    review_id: int | None
    """The review that it has already."""


class Reviews:
    """Reviews as people use them. Every method raises ``Unavailable``."""

    def __init__(self, db: Database, clock: Clock, outbox: Outbox) -> None:
        self._db = db
        self._clock = clock
        self._outbox = outbox

    async def page(
        self, user: User, states: Sequence[State], *, own: bool = False, before: int | None = None
    ) -> tuple[ReviewLine, ...]:
        """Return reviews in these states, newest first, at most :data:`PAGE`.

        :param own: only scores of the reader's own conversations; otherwise only those of others.
        :param before: the id after which the page begins.
        """
        whose = ReviewRow.operator_id == user.id if own else ReviewRow.operator_id != user.id
        statement = queries.lines().where(queries.visible(user), whose, ReviewRow.state.in_([str(s) for s in states]))
        if before is not None:
            statement = statement.where(ReviewRow.id < before)
        async with self._db.begin() as session:
            rows = await session.execute(statement.order_by(ReviewRow.id.desc()).limit(PAGE))
            return tuple(queries.line_of(row) for row in rows)

    async def counts(self, user: User) -> dict[str, int]:
        """Return how many reviews that ``user`` may see are in each state."""
        async with self._db.begin() as session:
            return await queries.counts(session, user)

    async def one(self, user: User, review_id: int) -> tuple[Review, tuple[Move, ...]]:
        """Return a review and what ``user`` may do with it.

        :raises NotFound: there is none that he may see.
        """
        async with self._db.begin() as session:
            row = await self._row(session, user, review_id)
            review = await queries.review_of(session, row)
            return review, moves_of(_standing(row.ReviewRow), user.id, reviews=_reviews(user, row.ReviewRow))

    async def said(self, call_keys: Iterable[str]) -> dict[str, int]:
        """Return what the citizens of these calls answered, 1 to 5; who sees a call sees that, too."""
        statement = select(RatingRow.call_key, RatingRow.score).where(
            RatingRow.call_key.in_(list(call_keys)), RatingRow.score.is_not(None)
        )
        async with self._db.begin() as session:
            return {key: score for key, score in await session.execute(statement) if score is not None}

    async def talks(self, user: User, call_key: str) -> tuple[Talk, ...]:
        """Return the parts of a call that ``user`` may score: other people's, of his organisation."""
        parts = (
            select(
                CallSegmentRow.user_id,
                UserRow.last_name,
                UserRow.first_name,
                UserRow.patronymic,
                func.sum(CallSegmentRow.seconds).label("seconds"),
                func.max(ReviewRow.id).label("review_id"),
            )
            .join(CallRecord, CallRecord.id == CallSegmentRow.call_id)
            .join(UserRow, UserRow.id == CallSegmentRow.user_id)
            .outerjoin(
                ReviewRow,
                (ReviewRow.call_key == CallRecord.key)
                & (ReviewRow.operator_id == UserRow.id)
                & ReviewRow.calibration_id.is_(None),
            )
            .where(
                CallRecord.key == call_key,
                CallRecord.ended_at.is_not(None),
                CallSegmentRow.kind == SegmentKind.TALK.value,
                UserRow.organisation_id == user.organisation.id,
                UserRow.id != user.id,
            )
            .group_by(CallSegmentRow.user_id, UserRow.id)
            .order_by(func.min(CallSegmentRow.started_at))
        )
        if not user.may(Right.QUALITY_REVIEW):
            return ()
        async with self._db.begin() as session:
            return tuple(
                Talk(row.user_id, _name(row), float(row.seconds), row.review_id) for row in await session.execute(parts)
            )

    async def begin(self, user: User, call_key: str, operator_id: int, sheet_id: int) -> int:
        """Choose a call oneself and take it at once; a call that has a review already leads to that one.

        :raises NotFound: there is no such part of a call that he may score, or no such sheet of his organisation.
        """
        found = next((one for one in await self.talks(user, call_key) if one.operator_id == operator_id), None)
        if found is None:
            raise NotFound("there is no such conversation to score", error_id="no-such-call")
        now = self._clock.now()
        async with self._db.begin() as session:
            edition_id = await newest_edition(session, sheet_id, user.organisation.id)
            made = insert(ReviewRow).values(
                call_key=call_key,
                operator_id=operator_id,
                organisation_id=user.organisation.id,
                edition_id=edition_id,
                state=State.DRAFT.value,
                reviewer_id=user.id,
                created_at=now,
            )
            made = made.on_conflict_do_nothing(
                index_elements=["call_key", "operator_id"], index_where=ReviewRow.calibration_id.is_(None)
            )
            review_id = await session.scalar(made.returning(ReviewRow.id))
            if review_id is not None:
                session.add(MoveRow(review_id=review_id, at=now, user_id=user.id, move=Move.TAKE.value))
                audit(session, "change", ("score", review_id), user_id=user.id, at=now, details={"move": "chosen"})
                return int(review_id)
            had = select(ReviewRow.id).where(
                ReviewRow.call_key == call_key,
                ReviewRow.operator_id == operator_id,
                ReviewRow.calibration_id.is_(None),
            )
            return int((await session.execute(had)).scalar_one())

    async def save(self, user: User, review_id: int, version: int, filled: Filled) -> Review:
        """Keep what is filled in so far. Raises as :meth:`move`."""
        return await self.move(user, review_id, version, Move.SAVE, filled=filled)

    async def move(
        self,
        user: User,
        review_id: int,
        version: int,
        move: Move,
        *,
        note: str = "",
        filled: Filled | None = None,
    ) -> Review:
        """Make a move.

        :param filled: what to keep with it; only when the sheet is being filled in, or a score changed.
        :raises NotFound: there is no such review that he may see.
        :raises Conflict: it was changed since ``version`` (``stale-record``), or ``rules.step`` says no.
        :raises BadInput: something is missing or too long.
        :raises Forbidden: the move is somebody else's.
        """
        note, now = note.strip(), self._clock.now()
        async with self._db.begin() as session:
            await self._row(session, user, review_id)
            row = await session.get_one(ReviewRow, review_id, with_for_update=True, populate_existing=True)
            if row.version != version:
                raise Conflict("somebody else changed this meanwhile", error_id="stale-record")
            _, sections = await queries.sections_of(session, row.edition_id)
            if filled is not None and move in {Move.SAVE, Move.PUBLISH, Move.CHANGE}:
                _require_readable(filled)
                sheets.check(sections, filled.answers)
            else:
                filled = Filled(row.answers)
            found = sheets.score(sections, filled.answers)
            after = step(_standing(row), move, user.id, reviews=_reviews(user, row), note=note, missing=found.missing)
            before = State(row.state)
            row.state = after.value
            row.version += 1
            _keep(row, move, user, filled)
            if move in {Move.SAVE, Move.PUBLISH, Move.CHANGE}:
                row.percent, row.fatal = found.percent, list(found.fatal)
            if move is Move.PUBLISH:
                row.published_at = now
            if move is not Move.SAVE:
                said = {"answers": dict(filled.answers)} if move in {Move.PUBLISH, Move.CHANGE} else {}
                session.add(
                    MoveRow(
                        review_id=row.id,
                        at=now,
                        user_id=user.id,
                        move=move.value,
                        note=note,
                        percent=row.percent,
                        **said,
                    )
                )
                details = {"move": move.value, "from": before.value, "to": after.value}
                audit(session, "change", ("score", row.id), user_id=user.id, at=now, details=details)
                await self._tell(session, row, move)
            await session.flush()
            review = await queries.review_of(session, await self._row(session, user, review_id))
        await self._outbox.relay()
        return review

    async def _tell(self, session: AsyncSession, row: ReviewRow, move: Move) -> None:
        """Ring the bell of whom it concerns. A calibration concerns nobody."""
        told: Mapping[Move, tuple[NoticeKind, int | None]] = {
            Move.PUBLISH: (NoticeKind.SCORED, row.operator_id),
            Move.DISPUTE: (NoticeKind.SCORE_DISPUTED, row.reviewer_id),
            Move.CONFIRM: (NoticeKind.SCORE_SETTLED, row.operator_id),
            Move.CHANGE: (NoticeKind.SCORE_SETTLED, row.operator_id),
        }
        if move in told and row.calibration_id is None:
            kind, user_id = told[move]
            about = About(key=f"score-{row.id}-{move}", counts={REVIEW: row.id})
            await notify(session, [user_id], kind, about, self._clock.now())

    async def _row(self, session: AsyncSession, user: User, review_id: int) -> Any:
        found = await session.execute(queries.lines().where(ReviewRow.id == review_id, queries.visible(user)))
        row = found.first()
        if row is None:
            raise NotFound("there is no such review", error_id="no-such-score")
        return row


async def newest_edition(session: AsyncSession, sheet_id: int, organisation_id: int) -> int:
    """Return the edition by which new reviews are scored.

    :raises NotFound: there is no such sheet in use in this organisation.
    """
    found = await session.scalar(
        select(EditionRow.id)
        .join(SheetRow, SheetRow.id == EditionRow.sheet_id)
        .where(SheetRow.id == sheet_id, SheetRow.organisation_id == organisation_id, SheetRow.closed_at.is_(None))
        .order_by(EditionRow.number.desc())
        .limit(1)
    )
    if found is None:
        raise NotFound("there is no such score sheet", error_id="no-such-sheet")
    return found


def require_reviewer(user: User) -> None:
    """Refuse who scores nobody.

    :raises Forbidden: so it is.
    """
    if not user.may(Right.QUALITY_REVIEW):
        raise Forbidden("this user does not score conversations", error_id="no-right")


def _reviews(user: User, row: ReviewRow) -> bool:
    return queries.reviews_at(user, row.organisation_id)


def _standing(row: ReviewRow) -> Standing:
    return Standing(State(row.state), row.operator_id, row.reviewer_id, row.calibration_id is not None)


def _keep(row: ReviewRow, move: Move, user: User, filled: Filled) -> None:
    if move is Move.TAKE:
        row.reviewer_id = user.id
    elif move is Move.RELEASE:
        row.reviewer_id = None
    elif move in {Move.SAVE, Move.PUBLISH, Move.CHANGE} and filled.answers is not row.answers:
        row.answers = dict(filled.answers)
        row.comments = [{"at_s": round(one.at_s, 1), "text": one.text} for one in filled.comments]
        row.summary = filled.summary


def _require_readable(filled: Filled) -> None:
    if len(filled.comments) > MOST_COMMENTS:
        raise BadInput("too many comments", details={"comments": f"at most {MOST_COMMENTS}"})
    for one in filled.comments:
        if not 0 <= one.at_s <= LONGEST_CALL_S or not 1 <= len(one.text) <= LONGEST_COMMENT or "\x00" in one.text:
            raise BadInput("a comment is empty or too long", details={"comments": f"1 to {LONGEST_COMMENT} characters"})
    if len(filled.summary) > LONGEST_NOTE or "\x00" in filled.summary:
        raise BadInput("the text is too long", details={"summary": f"at most {LONGEST_NOTE} characters"})


def _name(row: Any) -> str:
    return " ".join((row.last_name, *(f"{part[0]}." for part in (row.first_name, row.patronymic) if part)))
