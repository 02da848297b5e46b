"""Open dossiers learn at once what is new of their person: data, telephones, appeals, calls, merges (S002-23).

A page says whose dossier it shows; only that page is told, and only the number of the dossier: it asks for the page
again, as its reader may see it. While nobody has a dossier open, no fact costs a query.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from hotline.journal.model import AppealChanged
from hotline.journal.person_model import CallWritten, PersonChanged
from hotline.staff.model import Right, User
from hotline.web.pace import Pace
from hotline.web.push import Client, PushHub
from hotline.web.push_messages import message
from hotline.web.services import Services

EVERY_S = 1.0
"""A dossier is told at once, and then at most once a second: several facts belong to one act."""


class PersonNews:
    """Who has whose dossier open. One instance a process."""

    def __init__(self, services: Services, hub: PushHub) -> None:
        self._services = services
        self._hub = hub
        self._shown: dict[Client, int] = {}
        self._pace = Pace(self._tell, EVERY_S)
        self._stop: list[Callable[[], Awaitable[None]]] = []

    def start(self) -> None:
        """Subscribe. Must be called in the running loop."""
        subscribe = self._services.bus.subscribe
        self._stop = [
            subscribe(PersonChanged, handler=self._on_person, name="push:dossiers", on_overflow=self._tell_all),
            subscribe(AppealChanged, handler=self._on_appeal, name="push:dossier-appeals", on_overflow=self._tell_all),
            subscribe(CallWritten, handler=self._on_call, name="push:dossier-calls", on_overflow=self._tell_all),
        ]

    async def close(self) -> None:
        """Unsubscribe."""
        for stop in self._stop:
            await stop()
        self._stop = []
        await self._pace.close()

    async def watch(self, client: Client, user: User, person_id: int | None) -> None:
        """Remember which dossier a browser shows; ``None``: none any more. What ``user`` may not see is not watched.

        The answer carries the dossier's version: a page that was made from an older one asks again by itself.
        """
        self._shown.pop(client, None)
        if person_id is None or not user.may(Right.PERSON_VIEW):
            return
        self._shown[client] = person_id  # before the version is read: a change in between is told, or read
        version = await self._services.dossiers.version(user, person_id)
        if version is None:
            self.forget(client)
        else:
            await self._hub.send(client, message("person.watched", {"id": person_id, "version": version}))

    def forget(self, client: Client) -> None:
        """A browser is gone."""
        self._shown.pop(client, None)

    async def _on_person(self, fact: PersonChanged) -> None:
        await self._touch((fact.person_id,))

    async def _on_appeal(self, fact: AppealChanged) -> None:
        if self._shown:
            await self._touch(await self._services.dossiers.of_appeal(fact.appeal_id))

    async def _on_call(self, fact: CallWritten) -> None:
        if self._shown:
            await self._touch(await self._services.dossiers.of_call(fact.key, set(self._shown.values())))

    async def _touch(self, person_ids: tuple[int, ...]) -> None:
        for person_id in set(self._shown.values()).intersection(person_ids):
            await self._pace.touch(str(person_id))

    async def _tell_all(self) -> None:
        await self._touch(tuple(self._shown.values()))

    async def _tell(self, key: str) -> None:
        person_id = int(key)
        self._hub.tell([one for one, shown in self._shown.items() if shown == person_id], _told(person_id))


def _told(person_id: int) -> bytes:
    return message("person.changed", {"id": person_id})
