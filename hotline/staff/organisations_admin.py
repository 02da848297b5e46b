"""Use cases of administering organisations (right ``dict.edit`` or ``user.manage``): a tree that loses no row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Conflict, Forbidden, NotFound
from hotline.staff.admin_model import Change, OrganisationForm, OrganisationLine
from hotline.staff.admin_rules import above, everywhere, organisation_problems
from hotline.staff.history import read_changes, write_change
from hotline.staff.model import Right, User
from hotline.staff.tables import OrganisationRow, UserRow

_PEOPLE = (
    select(func.count())
    .select_from(UserRow)
    .where(UserRow.organisation_id == OrganisationRow.id, UserRow.active)
    .scalar_subquery()
)


class OrganisationsAdmin:
    """The door to organisations for administrators of the fund; those of an insurer see their own."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def tree(self, by: User) -> tuple[OrganisationLine, ...]:
        """Return all organisations, each below the one that it belongs to."""
        _require(by)
        async with self._db.begin() as session:
            statement = select(OrganisationRow, _PEOPLE.label("people")).order_by(
                OrganisationRow.short_name, OrganisationRow.id
            )
            if not everywhere(by.organisation):
                statement = statement.where(OrganisationRow.id == by.organisation.id)
            rows = (await session.execute(statement)).all()
        return tuple(_nested([_line(row.OrganisationRow, row.people) for row in rows]))

    async def get(self, by: User, organisation_id: int) -> tuple[OrganisationLine, tuple[Change, ...]]:
        """Return an organisation with its history.

        :raises NotFound: there is none that ``by`` may see.
        """
        found = next((one for one in await self.tree(by) if one.id == organisation_id), None)
        if found is None:
            raise NotFound("there is no such organisation")
        async with self._db.begin() as session:
            return found, await read_changes(session, "organisation", organisation_id)

    async def save(self, by: User, organisation_id: int | None, form: OrganisationForm, version: int = 0) -> int:
        """Add an organisation (``None``) or change one; return its id.

        :raises Forbidden: ``by`` is not of the fund (``organisations-of-all``).
        :raises BadInput: ``details`` names each wrong field.
        :raises Conflict: ``stale-record``; ``code-taken``; ``organisation-in-use``: people still work there.
        """
        _require(by)
        if not everywhere(by.organisation):
            raise Forbidden("organisations are the fund's", error_id="organisations-of-all")
        form = _trimmed(form)
        async with self._db.begin() as session:
            row = await self._row(session, organisation_id, version)
            await self._check(session, organisation_id, form)
            before = {} if organisation_id is None else asdict(_form(row))
            for name, value in _columns(form).items():
                setattr(row, name, value)
            try:
                session.add(row)
                await session.flush()
            except IntegrityError as error:
                raise Conflict("the code is taken", error_id="code-taken", details={"code": "taken"}) from error
            note, after = ("" if before else "created"), asdict(form)
            if write_change(session, ("organisation", row.id), before, after, by=by, at=self._clock.now(), note=note):
                row.version = row.version + 1 if before else 1
            return row.id

    async def _row(self, session: AsyncSession, organisation_id: int | None, version: int) -> OrganisationRow:
        if organisation_id is None:
            return OrganisationRow()
        row = await session.get(OrganisationRow, organisation_id, with_for_update=True)
        if row is None:
            raise NotFound("there is no such organisation")
        if row.version != version:
            raise Conflict("somebody else changed this meanwhile", error_id="stale-record")
        return row

    async def _check(self, session: AsyncSession, own: int | None, form: OrganisationForm) -> None:
        problems = organisation_problems(form)
        rows = (await session.execute(select(OrganisationRow.id, OrganisationRow.parent_id))).all()
        parents: dict[int, int | None] = {row.id: row.parent_id for row in rows}
        parent = _number(form.parent_id)
        if form.parent_id and parent not in parents:
            problems["parent_id"] = "unknown"
        elif own is not None and own in above(parents, parent):
            problems["parent_id"] = "stands below this one"
        if problems:
            raise BadInput("the organisation cannot be saved", details=problems)
        if own is not None and not form.active:
            people = await session.scalar(
                select(func.count()).select_from(UserRow).where(UserRow.organisation_id == own, UserRow.active)
            )
            if people:
                raise Conflict("people work there", error_id="organisation-in-use", details={"people": people})


def _require(by: User) -> None:
    if not (by.may(Right.USER_MANAGE) or by.may(Right.DICT_EDIT)):
        raise Forbidden("this user may not administer organisations")


def _trimmed(form: OrganisationForm) -> OrganisationForm:
    return OrganisationForm(
        form.code.strip(),
        form.kind,
        form.name.strip(),
        form.short_name.strip(),
        form.region_code.strip(),
        form.parent_id,
        form.phone.strip(),
        form.time_zone.strip(),
        form.is_own_region,
        form.active,
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def _columns(form: OrganisationForm) -> dict[str, object]:
    return {
        **asdict(form),
        "region_code": form.region_code or None,
        "phone": form.phone or None,
        "time_zone": form.time_zone or None,
        "parent_id": _number(form.parent_id),
    }


def _form(row: OrganisationRow) -> OrganisationForm:
    return OrganisationForm(
        row.code,
        row.kind,
        row.name,
        row.short_name,
        row.region_code or "",
        str(row.parent_id or ""),
        row.phone or "",
        row.time_zone or "",
        row.is_own_region,
        row.active,
    )


def _line(row: OrganisationRow, people: int) -> OrganisationLine:
    return OrganisationLine(row.id, _form(row), row.version, people)


def _nested(lines: Sequence[OrganisationLine]) -> list[OrganisationLine]:
    """Put each line below its parent. One whose parent is not among them, or that stands in a circle, is a root."""
    known = {line.id for line in lines}
    below: dict[int | None, list[OrganisationLine]] = {}
    for line in lines:
        parent = _number(line.form.parent_id)
        below.setdefault(parent if parent in known else None, []).append(line)
    found: list[OrganisationLine] = []

    def walk(parent: int | None, depth: int) -> None:
        for line in below.get(parent, []):
            found.append(replace(line, depth=depth))
            walk(line.id, depth + 1)

    walk(None, 0)
    placed = {line.id for line in found}
    return [*found, *(line for line in lines if line.id not in placed)]
