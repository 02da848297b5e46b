"""Tells browsers of supervision. Pages read texts, and who asks for help: nothing private is told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from hotline.board.model import scope_of
from hotline.supervision.help import HelpChanged
from hotline.supervision.messages import MessagesChanged
from hotline.supervision.model import Session, SupervisionChanged
from hotline.web.push import PushHub
from hotline.web.push_messages import message
from hotline.web.services import Services
from hotline.web.supervision_data import session_data, told_data


class SupervisionNews:
    """One instance a process."""

    def __init__(self, services: Services, hub: PushHub) -> None:
        self._services = services
        self._hub = hub
        self._told: set[int] = set()
        """Operators who were told that somebody takes part."""
        self._stop: list[Callable[[], Awaitable[None]]] = []

    def start(self) -> None:
        """Subscribe. Must be called in the running loop."""
        bus = self._services.bus
        # Whoever was told before a restart of the service must be told the end.
        self._told = set(self._services.supervision.calls.told_operators())
        self._stop = [
            bus.subscribe(SupervisionChanged, handler=self._on_session, name="push:supervision"),
            bus.subscribe(MessagesChanged, handler=self._on_message, name="push:messages"),
            bus.subscribe(HelpChanged, handler=self._on_help, name="push:help"),
        ]

    async def close(self) -> None:
        """Unsubscribe."""
        for stop in self._stop:
            await stop()
        self._stop = []

    async def _on_session(self, fact: SupervisionChanged) -> None:
        session, staff = fact.session, self._services.staff
        supervisor = await staff.user(session.supervisor_id)
        if supervisor is not None:
            operator = await staff.user(session.operator_id)
            data = session_data(session, supervisor, operator, fact.problem)
            await self._hub.to_user(session.supervisor_id, message("supervision", data))
        await self._tell_operator(session)

    async def _tell_operator(self, session: Session) -> None:
        told = self._services.supervision.calls.told_to(session.operator_id)
        if told is None and session.operator_id not in self._told:
            return
        if told is None:
            self._told.discard(session.operator_id)
        else:
            self._told.add(session.operator_id)
        by = await self._services.staff.user(told.supervisor_id) if told is not None else None
        await self._hub.to_user(session.operator_id, message("supervision.told", {"told": told_data(told, by)}))

    async def _on_message(self, fact: MessagesChanged) -> None:
        await self._hub.to_user(fact.user_id, message("supervision.message", {}))

    async def _on_help(self, fact: HelpChanged) -> None:
        news = message("supervision.help", {})
        await self._hub.to_user(fact.user_id, news)
        for user_id in self._hub.users():
            user = await self._services.staff.user(user_id) if user_id != fact.user_id else None
            scope = scope_of(user) if user is not None else None
            if scope is not None and scope.covers(fact.organisation_id):
                await self._hub.to_user(user_id, news)
