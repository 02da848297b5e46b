"""What a card brings along besides its own columns: complaint, organisations, links, answers used, files.

``journal.appeals`` calls these in its own transaction, so all of it is saved exactly when the appeal is.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.errors import BadInput
from hotline.journal import attachment_store, duplicates, links, script_use, visibility
from hotline.journal.card_form import CardForm
from hotline.journal.cardcheck import CardData
from hotline.journal.tables import AppealRecord
from hotline.journal.tables_card import AppealLinkRow, ScriptUseRow
from hotline.journal.tables_classifier import ScriptRow
from hotline.staff.model import User
from hotline.staff.tables import OrganisationRow


def fill(row: AppealRecord, data: CardData) -> None:
    """Write the complaint block and the organisation; what is no complaint keeps what it had (S000-34)."""
    row.source_org_id = data.source_org_id
    complaint = data.complaint
    if complaint is None:
        return
    row.court_initiator = complaint.court_initiator
    row.complaint_info = complaint.info
    row.court_decision = complaint.court_decision
    row.refund_date = complaint.refund_date
    row.refund_sum = complaint.refund_sum
    row.refund_org = complaint.refund_org
    row.refund_org_id = complaint.refund_org_id
    row.justified = complaint.justified


def stored_fields(row: AppealRecord) -> dict[str, str]:
    """Return the same under the names of :class:`CardForm`."""
    return {
        "source_org_id": str(row.source_org_id or ""),
        "court_initiator": row.court_initiator,
        "complaint_info": row.complaint_info,
        "court_decision": row.court_decision,
        "refund_date": row.refund_date.isoformat() if row.refund_date else "",
        "refund_sum": "" if row.refund_sum is None else f"{row.refund_sum:.2f}",
        "refund_org": row.refund_org,
        "refund_org_id": str(row.refund_org_id or ""),
        "justified": row.justified,
    }


async def require_organisations(session: AsyncSession, data: CardData) -> None:
    """Refuse organisations that do not exist.

    :raises BadInput: ``details`` names the field.
    """
    wanted = {"source_org": data.source_org_id, "refund_org": data.complaint.refund_org_id if data.complaint else None}
    ids = {one for one in wanted.values() if one is not None}
    if not ids:
        return
    known = set(await session.scalars(select(OrganisationRow.id).where(OrganisationRow.id.in_(ids))))
    if wrong := {name: "unknown" for name, one in wanted.items() if one is not None and one not in known}:
        raise BadInput("there is no such organisation", details=wrong)


async def before_save(
    session: AsyncSession, form: CardForm, data: CardData, draft_id: int | None, user: User, now: datetime
) -> tuple[str, ...]:
    """Look at what a new card brings along before it gets a number; return warnings.

    :raises BadInput: a file lacks its document's number or date (S001-064), or a list cannot be read.
    :raises Conflict: ``possible-duplicate``, see :func:`duplicates.require_new`.
    """
    links.parse(form.links)
    script_use.parse_uses(form.script_uses)
    if draft_id is not None:
        await attachment_store.require_documents(session, draft_id, user)
    found = await duplicates.find(session, data, user, now)
    # An appeal that the operator has already linked is no news to him.
    linked = frozenset(links.parse(form.links))
    asked = duplicates.seen(form.duplicates_seen)
    return duplicates.require_new(found, None if asked is None else asked | linked)


async def on_save(
    session: AsyncSession, user: User, row: AppealRecord, form: CardForm, draft_id: int | None, now: datetime
) -> None:
    """Keep what came along with a card that has just become the appeal ``row``."""
    await add_links(session, user, row.id, links.parse(form.links), now)
    await remember_answers(session, user, row, form, now)
    if draft_id is not None:
        await attachment_store.adopt(session, draft_id, row.id)


async def add_links(
    session: AsyncSession, user: User, appeal_id: int, wanted: dict[int, links.LinkKind], now: datetime
) -> set[int]:
    """Link earlier appeals to ``appeal_id``; return which of them the user may see. Linking twice keeps the first."""
    wanted = {one: kind for one, kind in wanted.items() if one != appeal_id}
    if not wanted:
        return set()
    statement = select(AppealRecord.id).where(AppealRecord.id.in_(wanted))
    limits = visibility.content(user)
    known = set(await session.scalars(statement if limits is None else statement.where(limits)))
    if known:
        rows = [
            {"from_id": appeal_id, "to_id": one, "kind": kind.value, "by_id": user.id, "at": now}
            for one, kind in wanted.items()
            if one in known
        ]
        await session.execute(insert(AppealLinkRow).values(rows).on_conflict_do_nothing())
    return known


async def remember_answers(session: AsyncSession, user: User, row: AppealRecord, form: CardForm, now: datetime) -> None:
    """Store which typical answers were given, with their texts as they are now (DAY-39)."""
    used = script_use.parse_uses(form.script_uses)
    if not used:
        return
    for script in await session.scalars(select(ScriptRow).where(ScriptRow.code.in_(used))):
        session.add(
            ScriptUseRow(
                appeal_id=row.id,
                call_key=form.call_key or None,
                script_code=script.code,
                version=used[script.code],
                title=script.title,
                # Changed between the insertion and the save: the older text is in the measures only.
                body=script.body if script.version == used[script.code] else "",
                user_id=user.id,
                at=now,
            )
        )
