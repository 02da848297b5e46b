"""What the effects of a move work with: who does it, and for whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from hotline.journal.lifecycle_model import MoveForm
from hotline.staff.model import Organisation, User


@dataclass(frozen=True, slots=True)
class Group:
    """Anybody of a role in an organisation, to whom an appeal is forwarded so that nobody's absence blocks it."""

    role: str
    organisation: Organisation


@dataclass(frozen=True, slots=True)
class Step:
    """Who moves an appeal, when, why, to whom, and what else he has given for it."""

    user: User
    at: datetime
    comment: str = ""
    target: User | None = None
    group: Group | None = None
    form: MoveForm = field(default_factory=MoveForm)
