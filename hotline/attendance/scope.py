"""Whose shifts a user sees and plans: as far as he sees calls (domain 2.8). Pure."""

from __future__ import annotations

from dataclasses import dataclass

from hotline.errors import Forbidden
from hotline.staff.model import Right, User
from hotline.staff.sight import Reach


@dataclass(frozen=True, slots=True)
class Whose:
    """People of one organisation, or with ``None`` of all."""

    organisation_id: int | None

    def covers(self, organisation_id: int) -> bool:
        """Tell whether its people are among them."""
        return self.organisation_id is None or self.organisation_id == organisation_id


def seen_by(user: User) -> Whose:
    """Return whose attendance ``user`` sees.

    :raises Forbidden: nobody's.
    """
    return _reach(user, Right.ATTENDANCE_VIEW)


def planned_by(user: User) -> Whose:
    """Return whose shifts ``user`` plans.

    :raises Forbidden: nobody's.
    """
    return _reach(user, Right.ATTENDANCE_PLAN)


def _reach(user: User, right: Right) -> Whose:
    if user.may(right):
        if user.sight.calls.covers(Reach.ACTIVE):
            return Whose(None)
        if user.sight.calls.covers(Reach.ORGANISATION):
            return Whose(user.organisation.id)
    raise Forbidden("shifts of others are for supervisors", error_id="no-right", details={"needs": [right.value]})
