"""«Paper mode» (DAY-20): the card that a browser keeps ready for calls that come while the database does not answer."""

from __future__ import annotations

from aiohttp import web

from hotline.journal.model import Draft
from hotline.staff.model import Right
from hotline.web.context import require_right, services
from hotline.web.views.card import card_page


async def blank(request: web.Request) -> web.StreamResponse:
    """Return an empty card of no call, which is not a draft yet, with all topics: the browser fills it in by itself."""
    user = require_right(request, Right.APPEAL_CREATE)
    its = services(request)
    now = its.clock.now()
    draft = Draft(0, user.id, None, await its.drafts.blank(user), 0, now, now)
    restricted = user.may(Right.APPEAL_VIEW_RESTRICTED)
    topics = await its.classifier.topics("", "", user.organisation.id, restricted=restricted)
    return await card_page(request, draft, None, [], topics=topics)
