"""«Paper mode» (DAY-20): the card that a browser keeps ready for calls that come while the database does not answer.

Making it takes as long as any card, and each desk asks for it at every load of the page. Therefore it has a version: a
browser that keeps the present one is told so before anything is made (RFC 9110, 13.1.2).
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from aiohttp import web

from hotline.journal.model import Draft
from hotline.staff.model import Right, User
from hotline.web import i18n
from hotline.web.context import is_fragment, require_right, services
from hotline.web.render import TEMPLATES
from hotline.web.services import Services
from hotline.web.views.card import card_page


async def blank(request: web.Request) -> web.StreamResponse:
    """Return an empty card of no call, which is not a draft yet, with all topics: the browser fills it in by itself."""
    user = require_right(request, Right.APPEAL_CREATE)
    its = services(request)
    version = await _version(its, user, "part" if is_fragment(request) else "page")
    # Another user of the same browser has another version; his session need not be told apart as well.
    kept = {"ETag": f'"{version}"', "Cache-Control": "private, no-cache", "Vary": "HX-Request"}
    if any(tag.value == version for tag in request.if_none_match or ()):
        return web.Response(status=304, headers=kept)
    now = its.clock.now()
    draft = Draft(0, user.id, None, await its.drafts.blank(user), 0, now, now)
    restricted = user.may(Right.APPEAL_VIEW_RESTRICTED)
    topics = await its.classifier.topics("", "", user.organisation.id, restricted=restricted)
    response = await card_page(request, draft, None, [], topics=topics)
    response.headers.update(kept)
    return response


async def _version(its: Services, user: User, form: str) -> str:
    """Return what changes with anything that the card shows: lists, the reader and his choices, texts and templates."""
    language = i18n.current().language
    last = await its.card.favourites.last(user)
    parts = (
        form,
        language,
        _texts(language),
        user.id,
        user.organisation.id,
        *sorted(user.roles),
        *sorted(user.permissions),
        *(topic.code for topic in await its.card.favourites.of(user)),
        last.code if last else "",
        await its.classifier.version(),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


@cache
def _texts(language: str) -> str:
    """Return a fingerprint of the templates and the catalogue of this process."""
    print_ = hashlib.sha256()
    for file in (*sorted(TEMPLATES.rglob("*.html")), _catalogue(language)):
        print_.update(file.read_bytes())
    return print_.hexdigest()


def _catalogue(language: str) -> Path:
    return i18n.LOCALE_DIR / language / "LC_MESSAGES" / f"{i18n.DOMAIN}.po"
