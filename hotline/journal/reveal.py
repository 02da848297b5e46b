"""Showing masked data of a citizen for a moment (right ``person.unmask``): said why, and written down (domain 3.4)."""

from __future__ import annotations

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Forbidden
from hotline.journal.masking import unmasked
from hotline.staff.audit import audit
from hotline.staff.model import Right, User

MAX_REASON = 500


class Reveal:
    """Lends a reader the sight of everything, for one answer.

    :param needs_reason: whether he must say why; the setting ``unmask_needs_reason``.
    """

    def __init__(self, db: Database, clock: Clock, *, needs_reason: bool) -> None:
        self._db = db
        self._clock = clock
        self._needs_reason = needs_reason

    async def reader(self, user: User, record: tuple[str, int], reason: str) -> User:
        """Return ``user`` as one who sees everything; which record he looks at is written down first.

        What he may not see at all stays so: this lifts masks, not the limits of ``journal.visibility``.

        :raises Forbidden: he may not unmask.
        :raises BadInput: the reason is missing or too long.
        """
        if not user.may(Right.PERSON_UNMASK):
            raise Forbidden("this user may not unmask", error_id="no-right")
        reason = reason.strip()
        if len(reason) > MAX_REASON:
            raise BadInput("the reason is too long", details={"reason": f"at most {MAX_REASON} characters"})
        if self._needs_reason and not reason:
            raise BadInput("say why", details={"reason": "required"}, error_id="unmask-reason-required")
        async with self._db.begin() as session:
            audit(session, "unmask", record, user_id=user.id, at=self._clock.now(), reason=reason)
        return unmasked(user)
