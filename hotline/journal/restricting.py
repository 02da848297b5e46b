"""Use case of restricting an appeal (S003-110)."""

from __future__ import annotations

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Forbidden
from hotline.journal import appeal_view, restricted
from hotline.journal.effects_model import Step
from hotline.journal.moves import note
from hotline.journal.moving import locked, require_version
from hotline.journal.outbox import Outbox
from hotline.journal.restriction import MAX_REASON, Restriction
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
                raise Forbidden("this user may not restrict it so", error_id="restriction-forbidden")
            row.restricted, row.version = wanted, row.version + 1
            row.restricted_by_id = None if wanted == Restriction.NONE else user.id
            step = Step(user, self._clock.now(), reason)
            await note(session, row, step, event=f"{EVENT}{wanted}", kind="appeal.changed", others=set())
        await self._outbox.relay()
