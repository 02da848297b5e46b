"""What the administration of people shows and is given: data only, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hotline.staff.model import User

ORGANISATION_KINDS = (
    "tfoms", "smo", "mo", "federal", "territorial", "executor_body", "insurer", "provider", "plan_operator", "other",
)  # fmt: skip
"""Domain 2.2."""


@dataclass(frozen=True, slots=True)
class PersonForm:
    """An account as its form was sent; ``organisation_id`` is text because people may send anything."""

    login: str = ""
    last_name: str = ""
    first_name: str = ""
    patronymic: str = ""
    organisation_id: str = ""
    extension: str = ""
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A logged-in browser of somebody."""

    id: int
    since: datetime
    expires_at: datetime
    ip: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class Change:
    """A line of a record's history: who changed what. ``before`` and ``after`` have the changed fields only."""

    id: int
    at: datetime
    by: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    note: str


@dataclass(frozen=True, slots=True)
class Account:
    """Everything that the page of an account shows.

    :ivar locked: too many failed attempts: he must wait, or be unlocked.
    """

    user: User
    version: int
    created_at: datetime
    last_login_at: datetime | None
    locked: bool
    sessions: tuple[OpenSession, ...]
    history: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class AccountLine:
    """A line of the list of employees."""

    user: User
    last_login_at: datetime | None


@dataclass(frozen=True, slots=True)
class OrganisationForm:
    """An organisation as its form was sent."""

    code: str = ""
    kind: str = ""
    name: str = ""
    short_name: str = ""
    region_code: str = ""
    parent_id: str = ""
    phone: str = ""
    time_zone: str = ""
    is_own_region: bool = True
    active: bool = True


@dataclass(frozen=True, slots=True)
class OrganisationLine:
    """An organisation in the tree; ``depth`` is 0 for those that stand under none."""

    id: int
    form: OrganisationForm
    version: int
    people: int
    depth: int = 0


@dataclass(frozen=True, slots=True)
class RoleCard:
    """A role with what it allows and denies: right code → effect."""

    code: str
    title: str
    version: int
    people: int
    effects: Mapping[str, str]
    edited_at: datetime | None
    sight: Mapping[str, Any] = field(default_factory=dict)
    """How far its holders see, by kind of organisation, as the profile has it (``staff.sight``)."""


@dataclass(frozen=True, slots=True)
class Affected:
    """Somebody whose effective rights a change of a role touches."""

    user_id: int
    full_name: str
    gains: tuple[str, ...]
    loses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RolePreview:
    """What a change of a role would do: right → (before, after), and to whom."""

    changes: Mapping[str, tuple[str, str]]
    affected: tuple[Affected, ...]
    holders: int
