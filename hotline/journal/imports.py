"""What Asterisk's logs have told about calls goes into the journal, and whoever counts calls hears of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.cti.model import Call
from hotline.events import Bus
from hotline.journal.calls import CallJournal


@dataclass(frozen=True, slots=True)
class CallsImported:
    """Published when calls from the logs are in the journal: their figures may have changed."""

    keys: tuple[str, ...]


def recorder(
    calls: CallJournal, bus: Bus, link: Callable[[AsyncSession, Call], Awaitable[bool]] | None = None
) -> Callable[[AsyncSession, Sequence[Call]], Awaitable[None]]:
    """Return the importer's sink: it records in the importer's transaction and publishes when that is committed.

    :param link: links a call to what it says that it is about.
    """

    async def sink(session: AsyncSession, found: Sequence[Call]) -> None:
        await calls.record_all(found, session)
        if link is not None:
            for call in found:
                await link(session, call)
        fact = CallsImported(tuple(call.key for call in found))
        event.listen(session.sync_session, "after_commit", lambda _: bus.publish(fact), once=True)

    return sink
