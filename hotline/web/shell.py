"""What stands around the work area: queue numbers, the operator's state, the employee, the folders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hotline.errors import Unavailable
from hotline.journal.listing import FolderCount
from hotline.queue.model import OperatorState, PauseReason
from hotline.staff.model import User
from hotline.web import titles
from hotline.web.admin_areas import areas_of
from hotline.web.i18n import current, gettext
from hotline.web.phone import helped_queues
from hotline.web.services import Services


@dataclass(frozen=True, slots=True)
class FolderLink:
    """A folder of the journal in the navigation. ``shown`` is its count as text, empty for none."""

    code: str
    title: str
    url: str
    shown: str
    icon: str


@dataclass(frozen=True, slots=True)
class Presence:
    """The live state of an internal number."""

    extension: str
    code: str
    word: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class QueueNumbers:
    """The waiting line: how many, and for how long the first one."""

    waiting: int
    oldest_at: datetime | None
    oldest_s: float


def folder_links(counts: tuple[FolderCount, ...]) -> list[FolderLink]:
    """Return the folders that this user sees, with their counts."""
    language = current().language
    return [
        FolderLink(
            one.folder,
            one.definition.title_in(language),
            f"/journal?folder={one.folder}",
            one.shown,
            one.definition.icon,
        )
        for one in counts
    ]


def presence(services: Services, extension: str | None) -> Presence:
    """Return the live state of an internal number; nobody at work there means "not active"."""
    found = services.desk.board().presence.get(extension or "")
    if found is None:
        return Presence(extension or "", OperatorState.OFFLINE, titles.state_word(OperatorState.OFFLINE))
    return Presence(found.extension, found.state, titles.state_word(found.state), found.since)


def queue_numbers(services: Services) -> QueueNumbers:
    """Return the numbers of the installation's queue."""
    for line in services.desk.board().queues:
        if line.queue == services.settings.queue:
            waited = (services.clock.now() - line.oldest_at).total_seconds() if line.oldest_at else 0.0
            return QueueNumbers(line.waiting, line.oldest_at, waited)
    return QueueNumbers(0, None, 0.0)


@dataclass(frozen=True, slots=True)
class OwnState:
    """The operator's own state with what its clock needs."""

    code: str
    word: str
    since: datetime | None = None
    limit_at: datetime | None = None
    reason: str = ""


def own_state(services: Services, user: User) -> OwnState:
    """Return the operator's own state, his pause's reason included."""
    operator = services.desk.operator(user.id)
    if operator is None:
        return OwnState(OperatorState.OFFLINE, titles.state_word(OperatorState.OFFLINE))
    word = titles.state_word(operator.state)
    reason = services.desk.pause_reasons.get(operator.reason or "")
    if operator.state is OperatorState.PAUSE and reason is not None:
        word = gettext("%(state)s: %(reason)s") % {"state": word, "reason": reason.title}
    return OwnState(operator.state, word, operator.since, operator.limit_at, operator.reason or "")


def pause_choices(services: Services) -> list[PauseReason]:
    """Return the reasons that an operator may choose, as the profile orders them."""
    return [one for one in services.desk.pause_reasons.values() if not one.automatic]


async def shell_context(services: Services, user: User) -> dict[str, Any]:
    """Return what ``layouts/shell.html`` shows. One query: the folders' counts.

    A database that does not answer costs the counts, not the telephone.
    """
    try:
        counts = await services.lists.folders(user)
    except Unavailable:
        counts = ()
    return {
        "folders": folder_links(counts),
        "queue": queue_numbers(services),
        "operator": own_state(services, user),
        "pause_reasons": pause_choices(services),
        "pause_titles": {one.code: one.title for one in services.desk.pause_reasons.values()},
        "wrap_up_max_s": round(services.desk.policy.longest_wrap_up.total_seconds()),
        "role_title": titles.role_title(user.roles),
        "organisation": user.organisation.short_name,
        "administers": bool(areas_of(user)),
        "helped_queues": " ".join(helped_queues(services, user)),
    }
