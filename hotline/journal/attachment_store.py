"""What happens to files in other use cases' transactions: a card is saved, two cards become one, a draft is gone."""

from __future__ import annotations

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.errors import BadInput
from hotline.journal import settings_store
from hotline.journal.attachment_rules import document_problems
from hotline.journal.tables_card import AttachmentRow
from hotline.staff.model import User


async def document_needed(session: AsyncSession, user: User) -> bool:
    """Tell whether files of ``user``'s new cards need their document's number and date (S001-064): the profile says."""
    roles = (await settings_store.profile_settings(session)).get("attachments", {}).get("document_roles", [])
    return user.has_role(*roles)


async def require_documents(session: AsyncSession, draft_id: int, user: User) -> None:
    """Refuse a new card whose files lack what its operator must write down of them (S001-064).

    :raises BadInput: ``details`` maps ``attachment_<id>_doc_no`` and ``attachment_<id>_doc_date`` to ``required``.
    """
    statement = select(AttachmentRow).where(AttachmentRow.draft_id == draft_id, AttachmentRow.deleted_at.is_(None))
    rows = (await session.scalars(statement.order_by(AttachmentRow.id))).all()
    if not rows:
        return
    needed = await document_needed(session, user)
    wrong = {
        f"attachment_{row.id}_{name}": problem
        for row in rows
        for name, problem in document_problems(row.doc_no, row.doc_date, needed=needed).items()
    }
    if wrong:
        raise BadInput("files lack their document's number or date", error_id="card-incomplete", details=wrong)


async def adopt(session: AsyncSession, draft_id: int, appeal_id: int) -> int:
    """Give the files of a draft to the appeal that it became; return how many. Those taken off go along."""
    moved = await session.scalars(
        update(AttachmentRow)
        .where(AttachmentRow.draft_id == draft_id)
        .values(draft_id=None, appeal_id=appeal_id)
        .returning(AttachmentRow.id)
    )
    return len(moved.all())


async def count(session: AsyncSession, *, draft_id: int | None = None, appeal_id: int | None = None) -> int:
    """Return how many files a card has."""
    owner = AttachmentRow.draft_id == draft_id if draft_id is not None else AttachmentRow.appeal_id == appeal_id
    statement = select(func.count()).select_from(AttachmentRow).where(owner, AttachmentRow.deleted_at.is_(None))
    return await session.scalar(statement) or 0
