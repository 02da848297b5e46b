"""Use case of restricting an appeal (S003-110)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Forbidden
from hotline.journal import appeal_view, restricted
from hotline.journal.card_form import CardForm
from hotline.journal.effects_model import Step
from hotline.journal.moves import note
from hotline.journal.moving import locked, require_version
from hotline.journal.outbox import Outbox
from hotline.journal.restriction import MAX_REASON, Restriction
from hotline.journal.tables import AppealRecord
from hotline.staff.model import User

EVENT = "restrict_"
"""What the history calls it, with the new restriction after it."""


class Restricting:
    """The door to the restriction of an appeal."""

    def __init__(self, db: Database, clock: Clock, outbox: Outbox) -> None:
        self._db = db
        self._clock = clock
        self._outbox = outbox

    async def restrict(self, user: User, appeal_id: int, wanted: str, reason: str, version: int) -> None:
        """Restrict an appeal, otherwise or no more.

        :param reason: why; what the history says. Required.
        :raises NotFound: there is none that ``user`` may read.
        :raises Conflict: somebody changed it since ``version`` (``stale-appeal``).
        :raises Forbidden: he may not (``restriction-forbidden``).
        :raises BadInput: ``wanted`` is no restriction, or the reason is missing or too long.
        """
        reason = reason.strip()
        problems = {} if wanted in list(Restriction) else {"restriction": "unknown"}
        if not reason:
            problems["reason"] = "required"
        elif len(reason) > MAX_REASON:
            problems["reason"] = f"at most {MAX_REASON} characters"
        if problems:
            raise BadInput("the appeal cannot be restricted so", details=problems)
        async with self._db.begin() as session:
            row = await locked(session, appeal_id)
            await appeal_view.require_visible(session, user, appeal_id)
            require_version(row, version)
            if row.restricted == wanted:
                return
            if wanted not in restricted.choices_of(row, user):
                raise _forbidden()
            row.version += 1
            await _put(session, row, wanted, Step(user, self._clock.now(), reason))
        await self._outbox.relay()


async def restrict_new(session: AsyncSession, user: User, row: AppealRecord, form: CardForm, now: datetime) -> None:
    """Restrict an appeal in the moment in which it is saved: nobody reads it before.

    :param form: a card that ``cardcheck.check`` has let through.
    :raises Forbidden: he may not (``restriction-forbidden``); nothing is saved then.
    """
    if form.restriction in {"", Restriction.NONE}:
        return
    if form.restriction not in restricted.choices_of(row, user):
        raise _forbidden()
    await _put(session, row, form.restriction, Step(user, now, form.restriction_reason))


async def _put(session: AsyncSession, row: AppealRecord, wanted: str, step: Step) -> None:
    row.restricted = wanted
    row.restricted_by_id = None if wanted == Restriction.NONE else step.user.id
    await note(session, row, step, event=f"{EVENT}{wanted}", kind="appeal.changed", others=set())


def _forbidden() -> Forbidden:
    return Forbidden("this user may not restrict it so", error_id="restriction-forbidden")
