"""Typical answers for a card: variables filled in, and who knows more (S001-052…S001-054)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import select

from hotline.clock import Clock
from hotline.db import Database
from hotline.journal import settings_store
from hotline.journal.classifier import Classifier
from hotline.journal.model import Form, ScriptText
from hotline.journal.recipients import Recipient, recipients
from hotline.journal.script_use import Fact, Filled, Used, fill
from hotline.journal.tables_card import ScriptUseRow
from hotline.staff.model import User, short_name
from hotline.staff.tables import UserRow

RECOMMENDED = 6
"""At most so many people are recommended for a topic."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A typical answer, ready to be read out."""

    code: str
    version: int
    title: str
    filled: Filled


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers for a topic or a word, and the people of the next level who know the topic."""

    answers: tuple[Answer, ...]
    people: tuple[Recipient, ...]


class AnswerBook:
    """Reads answers as a card shows them."""

    def __init__(self, db: Database, clock: Clock, zone: ZoneInfo, classifier: Classifier) -> None:
        self._db = db
        self._clock = clock
        self._zone = zone
        self._classifier = classifier

    async def find(self, user: User, topic: str, q: str, form: Form = Form.ORAL) -> Answers:
        """Return the answers for ``topic``, or with ``q`` those that have the words."""
        found = await self._classifier.scripts(topic, q, user.organisation.id)
        async with self._db.begin() as session:
            variables = (await settings_store.profile_settings(session)).get("script_variables", {})
            people = await recipients(session, user, form) if topic else ()
        return Answers(
            tuple(Answer(one.code, one.version, one.title, self.fill(user, one, variables)) for one in found),
            recommended(found, people),
        )

    async def filled(self, user: User, script: ScriptText) -> Filled:
        """Return one answer with its variables filled in."""
        async with self._db.begin() as session:
            variables = (await settings_store.profile_settings(session)).get("script_variables", {})
        return self.fill(user, script, variables)

    async def used(self, appeal_id: int) -> tuple[Used, ...]:
        """Return the answers that were given in an appeal, oldest first (DAY-39). Whoever asks may see it."""
        statement = (
            select(ScriptUseRow, UserRow.last_name, UserRow.first_name, UserRow.patronymic)
            .join(UserRow, UserRow.id == ScriptUseRow.user_id)
            .where(ScriptUseRow.appeal_id == appeal_id)
            .order_by(ScriptUseRow.id)
        )
        async with self._db.begin() as session:
            return tuple(
                Used(row.title, row.version, row.body, short_name(last, first, patronymic), row.at)
                for row, last, first, patronymic in await session.execute(statement)
            )

    def fill(self, user: User, script: ScriptText, variables: dict[str, str]) -> Filled:
        """Fill in what is known of the organisation, the operator and the day."""
        today = self._clock.now().astimezone(self._zone)
        facts: dict[str, str] = {
            Fact.ORGANISATION: user.organisation.name,
            Fact.OPERATOR: " ".join(filter(None, (user.first_name, user.patronymic, user.last_name))),
            Fact.TODAY: today.strftime("%d.%m.%Y"),
        }
        return fill(script.body, variables, facts)


def recommended(scripts: Iterable[ScriptText], people: Iterable[Recipient]) -> tuple[Recipient, ...]:
    """Return whom the first answer that names anybody recommends, out of those who may get the appeal (S001-054).

    Without such an answer: everybody of them who may get it without giving a reason.
    """
    people = [one for one in people if not one.needs_reason]
    for script in scripts:
        wanted = set(script.recommended)
        if wanted and (found := [one for one in people if wanted & (one.roles | {one.login})]):
            return tuple(found[:RECOMMENDED])
    return tuple(people[:RECOMMENDED])
