"""Secrets of webhooks at rest: sealed by the keys of ``HOTLINE_SECRET_KEYS``, opened to sign."""

from __future__ import annotations

from sqlalchemy import select

from hotline.db import Database
from hotline.staff.secret_box import SecretBox
from hotline.webhooks.tables import WebhookRow


def sealed(box: SecretBox, hook_id: int, secret: str) -> str:
    """Seal a secret for one webhook.

    :raises Unavailable: there is no key.
    """
    return box.seal(_owner(hook_id), secret)


def opened(box: SecretBox, hook_id: int, stored: str) -> str:
    """Open what :func:`sealed` made for this webhook.

    :raises Unavailable: no key fits.
    """
    return box.open(_owner(hook_id), stored)


async def renew(db: Database, box: SecretBox) -> int:
    """Seal every secret anew with the first key; return how many webhooks there are.

    :raises Unavailable: a secret opens with none of the keys; nothing was changed.
    """
    async with db.begin() as session:
        rows = (await session.scalars(select(WebhookRow).with_for_update())).all()
        for row in rows:
            row.secret = box.renewed(row.secret)
            row.secret_before = box.renewed(row.secret_before) if row.secret_before else None
        return len(rows)


def _owner(hook_id: int) -> int:
    """Accounts own secrets as well: webhooks count downwards, so that neither opens the other's."""
    return -hook_id
