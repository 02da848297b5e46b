"""What surrounds a card: soft lock, favourites, «112», organisations, links, unfinished cards that change hands."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from hotline.journal.lock_rules import RENEW_S
from hotline.journal.locks import LockView
from hotline.web.context import current_user, services
from hotline.web.forms import form_fields, json_body, path_id
from hotline.web.push_messages import at


class LockBody(msgspec.Struct):
    """Which page asks, and whether it insists."""

    tab: str
    insists: bool = False


class TopicsBody(msgspec.Struct):
    """Codes of favourite topics, in their order."""

    topics: list[str]


class EmergencyBody(msgspec.Struct):
    """The call that is on, if any."""

    call_key: str | None = None


class OrganisationBody(msgspec.Struct):
    """An organisation that is missing. ``sure``: those with a like name were seen."""

    kind: str
    name: str
    sure: bool = False


class GiveBody(msgspec.Struct):
    """To whom."""

    to_user_id: int


class AppendBody(msgspec.Struct):
    """Which unsaved card."""

    draft_id: int


class LinkBody(msgspec.Struct):
    """An appeal to link, by its number."""

    version: int
    number: str
    kind: str


class UnlinkBody(msgspec.Struct):
    """From which appeal a link is taken, and which state of it the page has seen."""

    appeal_id: int
    version: int


async def lock(request: web.Request) -> web.Response:
    """Take or renew the soft lock of an appeal (domain 2.7): ``{mine, by, user_id, since, may_take, renew_s}``."""
    body = await json_body(request, LockBody)
    its = services(request).card.locks
    found = await its.hold(current_user(request), path_id(request), body.tab, insists=body.insists)
    return web.json_response(lock_data(found))


async def unlock(request: web.Request) -> web.Response:
    """Give the lock back. A form will do: a page that is being left can only send a beacon."""
    sent = await form_fields(request)
    await services(request).card.locks.release(current_user(request), path_id(request), sent.get("tab", ""))
    return web.Response(status=204)


async def favourites(request: web.Request) -> web.Response:
    """Choose the topics on Alt+1…9 (DAY-03)."""
    body = await json_body(request, TopicsBody)
    found = await services(request).card.favourites.choose(current_user(request), body.topics)
    return web.json_response({"topics": [topic_data(one.code, one.title, one.type) for one in found]})


async def emergency(request: web.Request) -> web.Response:
    """«112» (DAY-31): alert the supervisors; answer what to say and which characteristic the call gets."""
    body = await json_body(request, EmergencyBody)
    its, user = services(request).card, current_user(request)
    alarm = await its.emergencies.alarm(user, body.call_key)
    script = await its.emergencies.script()
    filled = await its.answers.filled(user, script) if script is not None else None
    return web.json_response(
        {
            "id": alarm.id,
            "title": script.title if script is not None else "",
            "script": filled.text if filled is not None else "",
            "disposition": await its.emergencies.disposition(),
        }
    )


async def emergency_seen(request: web.Request) -> web.Response:
    """A supervisor has seen the alarm."""
    found = await services(request).card.emergencies.seen(current_user(request), path_id(request))
    return web.json_response({"id": found.id, "seen_by": found.seen_by})


async def add_organisation(request: web.Request) -> web.Response:
    """«Добавить организацию» (S000-42); 409 ``like-organisation`` lists those with a like name."""
    body = await json_body(request, OrganisationBody)
    its = services(request).card.organisations
    found = await its.add(current_user(request), body.kind, body.name, sure=body.sure)
    return web.json_response({"id": found.id, "name": found.name}, status=201)


async def give_draft(request: web.Request) -> web.Response:
    """Give an unfinished card to a colleague (DAY-21)."""
    body = await json_body(request, GiveBody)
    target = await services(request).card.giving.give(current_user(request), path_id(request), body.to_user_id)
    return web.json_response({"to": target.short_name})


async def discard_draft(request: web.Request) -> web.Response:
    """Throw an unfinished card of one's own away."""
    await services(request).drafts.discard(current_user(request), path_id(request))
    return web.Response(status=204)


async def append_call(request: web.Request) -> web.Response:
    """Put the call of an unsaved card to an appeal that is there already (DAY-23)."""
    body = await json_body(request, AppendBody)
    found = await services(request).card.links.append_call(current_user(request), path_id(request), body.draft_id)
    return web.json_response({"id": found.id, "number": found.number})


async def add_link(request: web.Request) -> web.Response:
    """Link another appeal by its number (S001-058)."""
    body = await json_body(request, LinkBody)
    its = services(request).card.links
    found = await its.add(current_user(request), path_id(request), body.version, body.number, body.kind)
    return web.json_response({"version": found.version})


async def remove_link(request: web.Request) -> web.Response:
    """Take a link off."""
    body = await json_body(request, UnlinkBody)
    its = services(request).card.links
    found = await its.remove(current_user(request), body.appeal_id, body.version, path_id(request))
    return web.json_response({"version": found.version})


def lock_data(found: LockView) -> dict[str, Any]:
    """Return a lock as browsers know it."""
    return {
        "mine": found.mine,
        "by": found.by,
        "user_id": found.user_id,
        "since": at(found.since),
        "may_take": found.may_take,
        "renew_s": RENEW_S,
    }


def topic_data(code: str, title: str, kind: str) -> dict[str, str]:
    """Return a topic as browsers know it."""
    return {"code": code, "title": title, "type": kind}
