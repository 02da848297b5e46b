"""Who may be given an appeal: the matrix over the people who are there, and the insurer behind it (S000-45…S000-56)."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.errors import BadInput
from hotline.journal import settings_store
from hotline.journal.forwarding import Kind, Party, may_forward
from hotline.journal.model import Form
from hotline.journal.recipients import party
from hotline.journal.tables import AppealRecord
from hotline.journal.tables_person import PersonRow
from hotline.journal.targets_model import Place, TargetGroup, TargetPerson, Targets, place_of
from hotline.staff import queries as staff_queries
from hotline.staff.model import Organisation, User
from hotline.staff.tables import OrganisationRow, UserRoleRow, UserRow


async def find(session: AsyncSession, user: User, row: AppealRecord, kind: Kind) -> Targets:
    """Return to whom ``user`` may give an appeal: people by name, and levels of organisations."""
    rules = await settings_store.forward_rules(session)
    insurer = await insurer_of(session, row)
    form, sender = Form(row.form), party(user)
    people: list[TargetPerson] = []
    members: Counter[tuple[str, int]] = Counter()
    organisations: dict[int, tuple[str, Place]] = {}
    statement = (
        staff_queries.users_with_rights()
        .where(UserRow.active, ~UserRow.service, UserRow.id != user.id)
        .order_by(UserRow.last_name, UserRow.first_name, UserRow.patronymic, UserRow.id)
    )
    for found in await session.execute(statement):
        one, home = staff_queries.to_user(found), found.UserRow.organisation
        if not may_forward(sender, party(one), form, rules, kind=kind, reason_given=True).allowed:
            continue
        place = place_of(home.kind, own_region=home.is_own_region, citizens=home.id == insurer)
        reason = not may_forward(sender, party(one), form, rules, kind=kind).allowed
        people.append(TargetPerson(one.id, one.full_name, one.roles, home.short_name, place, one.extension, reason))
        organisations[home.id] = (home.short_name, place)
        members.update((role, home.id) for role in one.roles)
    groups = [
        TargetGroup(role, home_id, *organisations[home_id], count)
        for (role, home_id), count in sorted(members.items())
        if kind is Kind.FORWARD and may_forward(sender, Party(0, frozenset({role}), home_id), form, rules).allowed
    ]
    return Targets(tuple(people), tuple(groups))


async def insurer_of(session: AsyncSession, row: AppealRecord) -> int | None:
    """Return the insurer on the record of the citizen whom an appeal is about (S000-53)."""
    person_id = row.insured_id or row.applicant_id
    if person_id is None:
        return None
    return await session.scalar(select(PersonRow.insurer_id).where(PersonRow.id == person_id))


async def organisation_of_group(
    session: AsyncSession, row: AppealRecord, role: str, organisation_id: int | None
) -> Organisation:
    """Return the organisation of a group: the chosen one, else the citizen's insurer, else the own region's fund.

    Only an organisation in which somebody has the role counts: an appeal must not wait for nobody.

    :raises BadInput: none was chosen and none is on record (S000-52), or nobody of that level works there.
    """
    wanted = [organisation_id] if organisation_id is not None else [await insurer_of(session, row)]
    if organisation_id is None:
        fund = select(OrganisationRow.id).where(OrganisationRow.kind == "tfoms", OrganisationRow.is_own_region)
        wanted += list(await session.scalars(fund.order_by(OrganisationRow.id)))
    for home_id in wanted:
        found = await session.get(OrganisationRow, home_id) if home_id is not None else None
        if found is not None and found.active and await _members(session, role, found.id):
            return staff_queries.to_organisation(found)
    raise BadInput(
        "there is no such organisation",
        error_id="move-incomplete",
        details={"to": "required" if organisation_id is None else "nobody works there at this level"},
    )


async def _members(session: AsyncSession, role: str, organisation_id: int) -> int:
    statement = (
        select(func.count())
        .select_from(UserRow)
        .join(UserRoleRow, UserRoleRow.user_id == UserRow.id)
        .where(
            UserRow.active,
            ~UserRow.service,
            UserRow.organisation_id == organisation_id,
            UserRoleRow.role_code == role,
        )
    )
    return await session.scalar(statement) or 0
