"""Administration of the alarms' rules: versioned, audited, closed by date and never deleted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from hotline.board.alarm_rules import LIMITS, MAIL_LIMIT, WITHOUT_THRESHOLD, Kind, Rule
from hotline.board.alarms import rule_of
from hotline.board.model import Scope
from hotline.board.tables import AlarmRuleRow
from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Conflict, NotFound
from hotline.staff.history import write_change
from hotline.staff.model import User

_MAIL = re.compile(r"[^@\s,;]{1,64}@[^@\s,;]+\.[^@\s,;]+")
HOLD_LIMIT_S = 3600
REPEAT_LIMIT_MIN = 1440


@dataclass(frozen=True, slots=True)
class RuleForm:
    """A rule as somebody typed it; times as in :class:`Rule`."""

    kind: Kind
    threshold: float
    queue: str | None
    hold_s: int
    repeat_min: int
    sound: bool
    emails: tuple[str, ...]


def read_form(sent: Mapping[str, str]) -> RuleForm:
    """Read what was typed.

    :raises BadInput: ``details`` says what is wrong with each field.
    """
    problems: dict[str, str] = {}
    if sent.get("kind", "") not in list(Kind):
        raise BadInput("the rule cannot be kept", details={"kind": "required"})
    kind = Kind(sent["kind"])
    threshold = 0 if kind in WITHOUT_THRESHOLD else _whole(sent, "threshold", LIMITS[kind], problems)
    hold = _whole(sent, "hold_s", HOLD_LIMIT_S, problems)
    repeat = _whole(sent, "repeat_min", REPEAT_LIMIT_MIN, problems, least=1)
    emails = tuple(dict.fromkeys(one for one in re.split(r"[\s,;]+", sent.get("emails", "")) if one))
    if len(emails) > MAIL_LIMIT:
        problems["emails"] = f"at most {MAIL_LIMIT} addresses"
    elif any(not _MAIL.fullmatch(one) or len(one) > 254 for one in emails):
        problems["emails"] = "not an e-mail address"
    if problems:
        raise BadInput("the rule cannot be kept", details=problems)
    return RuleForm(kind, threshold, sent.get("queue", "") or None, hold, repeat, bool(sent.get("sound")), emails)


def _whole(sent: Mapping[str, str], name: str, most: int, problems: dict[str, str], *, least: int = 0) -> int:
    text = sent.get(name, "").strip()
    if text.isascii() and text.isdecimal() and len(text) <= 6 and least <= int(text) <= most:
        return int(text)
    problems[name] = f"{least} to {most}"
    return least


class AlarmRules:
    """Reads and writes the rules of a scope."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._db = database
        self._clock = clock

    async def all(self, scope: Scope) -> tuple[Rule, ...]:
        """Return the rules in force, in the order in which they were made."""
        statement = select(AlarmRuleRow).where(AlarmRuleRow.closed_at.is_(None)).order_by(AlarmRuleRow.id)
        async with self._db.begin() as session:
            rows = await session.scalars(statement)
            return tuple(rule_of(row) for row in rows if scope.covers(row.organisation_id))

    async def create(self, by: User, scope: Scope, form: RuleForm) -> Rule:
        """Make a rule for a scope."""
        async with self._db.begin() as session:
            row = AlarmRuleRow(organisation_id=scope.organisation_id, created_at=self._clock.now(), version=1)
            _write(row, form)
            session.add(row)
            await session.flush()
            write_change(session, ("alarm_rule", row.id), {}, _facts(row), by=by, at=self._clock.now(), note="created")
            return rule_of(row)

    async def save(self, by: User, scope: Scope, rule_id: int, form: RuleForm | None, version: int) -> None:
        """Change a rule, or close it when ``form`` is ``None``.

        :raises NotFound: there is none in this scope.
        :raises Conflict: somebody changed it since ``version`` (``stale-record``).
        """
        now = self._clock.now()
        async with self._db.begin() as session:
            row = await session.get(AlarmRuleRow, rule_id, with_for_update=True)
            if row is None or row.closed_at is not None or not scope.covers(row.organisation_id):
                raise NotFound("there is no such rule", error_id="no-such-rule")
            if row.version != version:
                raise Conflict("somebody else changed this meanwhile", error_id="stale-record")
            before = _facts(row)
            if form is None:
                row.closed_at = now
            else:
                _write(row, form)
            row.version += 1
            note = "closed" if form is None else ""
            write_change(session, ("alarm_rule", rule_id), before, _facts(row), by=by, at=now, note=note)


def _write(row: AlarmRuleRow, form: RuleForm) -> None:
    row.kind, row.threshold, row.queue = form.kind.value, float(form.threshold), form.queue
    row.hold_s, row.repeat_min = form.hold_s, form.repeat_min
    row.sound, row.emails = form.sound, list(form.emails)


def _facts(row: AlarmRuleRow) -> dict[str, Any]:
    return {
        name: getattr(row, name) for name in ("kind", "threshold", "queue", "hold_s", "repeat_min", "sound", "emails")
    }
