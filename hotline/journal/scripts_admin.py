"""Writing typical answers: proposed with ``script.edit``, approved with ``script.approve`` (S001-015, S001-052).

What operators see changes only by an approval. An old text is never lost: ``script_use`` keeps what was said, and the
versions keep what was approved, by whom and when (DAY-39).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Conflict, Forbidden, NotFound
from hotline.journal.classifier import valid_rows
from hotline.journal.list_schema import code_problem
from hotline.journal.script_rules import Decision, ScriptForm, problems
from hotline.journal.tables_classifier import ScriptRow, TopicRow
from hotline.journal.tables_script import ScriptVersionRow
from hotline.staff.admin_rules import everywhere
from hotline.staff.audit import audit
from hotline.staff.model import Right, User, short_name
from hotline.staff.tables import RoleRow, UserRow


@dataclass(frozen=True, slots=True)
class ScriptLine:
    """One answer in the list. ``version`` is ``None`` when no text was ever approved; ``proposed``: one waits."""

    code: str
    title: str
    topics: tuple[str, ...]
    version: int | None
    open: bool
    proposed: bool


@dataclass(frozen=True, slots=True)
class ScriptVersion:
    """One text with who wrote it and who decided."""

    id: int
    form: ScriptForm
    decision: Decision
    by: str
    at: datetime
    decided_by: str
    decided_at: datetime | None
    note: str
    version: int | None


@dataclass(frozen=True, slots=True)
class ScriptPage:
    """One answer: what operators see now (``None``: nothing yet), the text that waits, and all texts, newest first."""

    code: str
    current: ScriptForm | None
    version: int
    closed_from: date | None
    draft: ScriptVersion | None
    versions: tuple[ScriptVersion, ...]


class ScriptsAdmin:
    """The door to typical answers for those who write and approve them."""

    def __init__(self, db: Database, clock: Clock, zone: ZoneInfo) -> None:
        self._db = db
        self._clock = clock
        self._zone = zone

    async def rows(self, by: User) -> tuple[ScriptLine, ...]:
        """Return all answers, those that wait for a decision first."""
        _require(by)
        today = self._clock.now().astimezone(self._zone).date()
        async with self._db.begin() as session:
            scripts = (await session.scalars(select(ScriptRow).order_by(ScriptRow.sort, ScriptRow.code))).all()
            statement = select(ScriptVersionRow).where(ScriptVersionRow.decision == Decision.DRAFT)
            drafts = {row.script_code: row for row in await session.scalars(statement)}
        lines = [
            ScriptLine(
                row.code, row.title, tuple(row.topics), row.version,
                row.valid_to is None or row.valid_to > today, row.code in drafts,
            )
            for row in scripts
        ]  # fmt: skip
        known = {row.code for row in scripts}
        lines += [
            ScriptLine(code, row.title, tuple(row.topics), None, open=True, proposed=True)
            for code, row in sorted(drafts.items())
            if code not in known
        ]
        return tuple(sorted(lines, key=lambda line: (not line.proposed, not line.open)))

    async def get(self, by: User, code: str) -> ScriptPage:
        """Return an answer with its texts.

        :raises NotFound: there is none.
        """
        _require(by)
        async with self._db.begin() as session:
            row = await session.get(ScriptRow, code)
            versions = await _versions(session, code)
            if row is None and not versions:
                raise NotFound("there is no such answer")
            draft = next((one for one in versions if one.decision is Decision.DRAFT), None)
            current = None if row is None else _form(row)
            return ScriptPage(code, current, row.version if row else 0, row.valid_to if row else None, draft, versions)

    async def propose(self, by: User, code: str | None, new_code: str, form: ScriptForm) -> str:
        """Propose a text for an answer, or for a new one (``code`` None); return its code.

        A proposal that still waits is replaced and kept.

        :raises BadInput: ``details`` names each wrong field; ``nothing`` when the text is what operators see already.
        """
        _require(by, Right.SCRIPT_EDIT)
        async with self._db.begin() as session:
            found = problems(form, await _topics(session, self._clock.now().astimezone(self._zone).date()),
                             await _people(session))  # fmt: skip
            row = None if code is None else await session.get(ScriptRow, code, with_for_update=True)
            if code is None:
                code = new_code.strip()
                if problem := code_problem(code, await _codes(session)):
                    found["code"] = problem
            elif row is None and not await _versions(session, code):
                raise NotFound("there is no such answer")
            if row is not None and not found and _form(row) == form:
                found["body"] = "nothing differs"
            if found:
                raise BadInput("the answer cannot be proposed", details=found)
            await session.execute(
                update(ScriptVersionRow)
                .where(ScriptVersionRow.script_code == code, ScriptVersionRow.decision == Decision.DRAFT)
                .values(decision=Decision.REPLACED.value)
            )
            now = self._clock.now()
            session.add(
                ScriptVersionRow(
                    script_code=code, title=form.title, body=form.body, topics=list(form.topics),
                    keywords=list(form.keywords), recommended=list(form.recommended),
                    decision=Decision.DRAFT.value, by_id=by.id, at=now,
                )
            )  # fmt: skip
            audit(session, "change", ("script", code), user_id=by.id, at=now, details={"note": "proposed"})
            return code

    async def decide(self, by: User, code: str, version_id: int, decision: Decision, note: str = "") -> None:
        """Approve or refuse the text that waits.

        :raises BadInput: a refusal needs its reason.
        :raises Conflict: ``stale-record``: that text does not wait any more.
        """
        _require(by, Right.SCRIPT_APPROVE)
        if decision not in {Decision.APPROVED, Decision.REFUSED}:
            raise BadInput("approve or refuse", details={"decision": "unknown"})
        if decision is Decision.REFUSED and not note.strip():
            raise BadInput("a refusal needs its reason", details={"note": "required"})
        now = self._clock.now()
        async with self._db.begin() as session:
            draft = await session.get(ScriptVersionRow, version_id, with_for_update=True)
            if draft is None or draft.script_code != code or draft.decision != Decision.DRAFT:
                raise Conflict("this text does not wait any more", error_id="stale-record")
            draft.decision, draft.note = decision.value, note.strip()
            draft.decided_by_id, draft.decided_at = by.id, now
            if decision is Decision.APPROVED:
                draft.version = await _publish(session, draft)
            details = {"note": decision.value, "version": draft.version}
            audit(session, "change", ("script", code), user_id=by.id, at=now, details=details)

    async def close(self, by: User, code: str, closed: bool) -> None:
        """Take an answer out of operators' sight from today, or bring it back.

        :raises NotFound: there is none that was ever approved.
        """
        _require(by, Right.SCRIPT_APPROVE)
        now = self._clock.now()
        async with self._db.begin() as session:
            row = await session.get(ScriptRow, code, with_for_update=True)
            if row is None:
                raise NotFound("there is no such answer")
            row.valid_to = now.astimezone(self._zone).date() if closed else None
            row.edition += 1
            details = {"note": "closed" if closed else "opened"}
            audit(session, "change", ("script", code), user_id=by.id, at=now, details=details)


async def _publish(session: AsyncSession, draft: ScriptVersionRow) -> int:
    row = await session.get(ScriptRow, draft.script_code, with_for_update=True)
    if row is None:
        last = await session.scalar(select(func.max(ScriptRow.sort)))
        row = ScriptRow(code=draft.script_code, version=0, edition=0, sort=(last or 0) + 1)
    row.title, row.body = draft.title, draft.body
    row.topics, row.keywords, row.recommended = draft.topics, draft.keywords, draft.recommended
    row.version += 1
    row.edition += 1
    session.add(row)
    return row.version


def _require(by: User, right: str | None = None) -> None:
    rights = (right,) if right else (Right.SCRIPT_EDIT, Right.SCRIPT_APPROVE)
    if not any(by.may(one) for one in rights):
        raise Forbidden("this user may not change typical answers")
    if not everywhere(by.organisation):
        raise Forbidden("typical answers are the fund's", error_id="organisations-of-all")


def _form(row: ScriptRow | ScriptVersionRow) -> ScriptForm:
    return ScriptForm(row.title, row.body, tuple(row.topics), tuple(row.keywords), tuple(row.recommended))


async def _codes(session: AsyncSession) -> Collection[str]:
    drafts = await session.scalars(select(ScriptVersionRow.script_code).distinct())
    return {*await session.scalars(select(ScriptRow.code)), *drafts}


async def _topics(session: AsyncSession, today: date) -> Collection[str]:
    return {row.code for row in await valid_rows(session, TopicRow, today)}


async def _people(session: AsyncSession) -> Collection[str]:
    logins = await session.scalars(select(UserRow.login).where(UserRow.active))
    return {*await session.scalars(select(RoleRow.code)), *logins}


async def _versions(session: AsyncSession, code: str) -> tuple[ScriptVersion, ...]:
    author, decider = aliased(UserRow), aliased(UserRow)
    # Columns, not whole users: those bring their organisation by an inner join, and an undecided text has no decider.
    rows = await session.execute(
        select(
            ScriptVersionRow,
            author.last_name, author.first_name, author.patronymic,
            decider.last_name, decider.first_name, decider.patronymic,
        )
        .join(author, author.id == ScriptVersionRow.by_id)
        .outerjoin(decider, decider.id == ScriptVersionRow.decided_by_id)
        .where(ScriptVersionRow.script_code == code)
        .order_by(ScriptVersionRow.id.desc())
        .limit(50)
    )  # fmt: skip
    return tuple(_version(row[0], short_name(*row[1:4]), short_name(*row[4:7])) for row in rows)


def _version(row: ScriptVersionRow, by: str, decided_by: str) -> ScriptVersion:
    return ScriptVersion(
        row.id, _form(row), Decision(row.decision), by, row.at, decided_by, row.decided_at, row.note, row.version
    )
