"""Webhooks (right ``user.manage``): whom events are told to, how that went, sending again."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from hotline.errors import HotlineError
from hotline.web.context import current_user, services, wants_json
from hotline.web.forms import form_fields, path_id
from hotline.web.i18n import gettext, mark
from hotline.web.render import page
from hotline.web.views.admin_forms import REFUSALS, note_title, refused, saved, ticked, undo_of, version_of
from hotline.webhooks.model import SUBSCRIBED, Delivery, DeliveryState, EventKind, Hook, HookForm
from hotline.webhooks.service import MadeHook

LIST = "pages/admin_webhooks.html"
ONE = "pages/admin_webhook.html"
ADDRESS = "/admin/webhooks"
EVENT = "event_"

_EVENTS = {
    EventKind.APPEAL_CREATED: mark("an appeal was registered"),
    EventKind.APPEAL_MOVED: mark("an appeal made a move of the process"),
    EventKind.APPEAL_CHANGED: mark("an appeal was changed"),
    EventKind.APPEAL_OVERDUE: mark("the deadline of an appeal has passed"),
    EventKind.CALL_ENDED: mark("a call ended"),
    EventKind.DUTY_CREATED: mark("a citizen was not served"),
    EventKind.DUTY_CHANGED: mark("a duty to call back changed"),
    EventKind.PING: mark("a test"),
}
_STATES = {
    DeliveryState.WAITING: mark("waits"),
    DeliveryState.DELIVERED: mark("delivered"),
    DeliveryState.FAILED: mark("given up"),
}
_FIELDS = {"title": mark("Name of the system"), "url": mark("Address"), "events": mark("Events")}
_PROBLEMS = {
    "bad certificate": mark("the certificate is not valid"),
    "unknown name": mark("the name is unknown"),
    "not a public address": mark("not a public address"),
    "no answer in time": mark("no answer in time"),
    "no connection": mark("no connection"),
    "no key opens the secret": mark("no key of HOTLINE_SECRET_KEYS opens the secret"),
    "https only": mark("https only"),
    "not an address": mark("not an address"),
    "gone": mark("the receiver says that it is gone (410)"),
    "no delivery for a day": mark("nothing could be delivered for a day"),
}


async def listing(request: web.Request) -> web.StreamResponse:
    """Show the subscriptions with the form of a new one."""
    return await page(request, LIST, await _list(request, HookForm()), section="admin")


async def create(request: web.Request) -> web.StreamResponse:
    """Make a subscription and show its secret, once."""
    form = _form(await form_fields(request))
    try:
        made = await services(request).webhooks.create(current_user(request), form)
    except REFUSALS as error:
        return await refused(request, error, LIST, await _list(request, form))
    return await _secret(request, made)


async def show(request: web.Request) -> web.StreamResponse:
    """Show a subscription with its log."""
    return await page(request, ONE, await _one(request, path_id(request)), section="admin")


async def save(request: web.Request) -> web.StreamResponse:
    """Change a subscription."""
    hook_id, sent = path_id(request), await form_fields(request)
    form = _form(sent)
    try:
        await services(request).webhooks.save(current_user(request), hook_id, form, version_of(sent))
    except REFUSALS as error:
        return await _refused(request, error, hook_id, form)
    return saved(request, f"{ADDRESS}/{hook_id}", id=hook_id)


async def switch(request: web.Request) -> web.StreamResponse:
    """Switch a subscription on or off."""
    hook_id, sent = path_id(request), await form_fields(request)
    on = sent.get("on") == "1"
    try:
        await services(request).webhooks.switch(current_user(request), hook_id, version_of(sent), on=on)
    except REFUSALS as error:
        return await _refused(request, error, hook_id)
    return saved(request, f"{ADDRESS}/{hook_id}", id=hook_id)


async def rotate(request: web.Request) -> web.StreamResponse:
    """Give a subscription a new secret and show it, once."""
    hook_id, sent = path_id(request), await form_fields(request)
    try:
        made = await services(request).webhooks.rotate(current_user(request), hook_id, version_of(sent))
    except REFUSALS as error:
        return await _refused(request, error, hook_id)
    return await _secret(request, made)


async def ping(request: web.Request) -> web.StreamResponse:
    """Send a message that says nothing."""
    hook_id = path_id(request)
    try:
        await services(request).webhooks.ping(current_user(request), hook_id)
    except REFUSALS as error:
        return await _refused(request, error, hook_id)
    return saved(request, f"{ADDRESS}/{hook_id}", id=hook_id)


async def replay(request: web.Request) -> web.StreamResponse:
    """Send a message again."""
    hook_id = path_id(request)
    try:
        await services(request).webhooks.replay(current_user(request), hook_id, path_id(request, "delivery"))
    except REFUSALS as error:
        return await _refused(request, error, hook_id)
    return saved(request, f"{ADDRESS}/{hook_id}", id=hook_id)


async def _secret(request: web.Request, made: MadeHook) -> web.StreamResponse:
    if wants_json(request):
        return web.json_response({"id": made.id, "secret": made.secret})
    hook, _, _ = await services(request).webhooks.get(current_user(request), made.id)
    context = {"hook": hook, "secret": made.secret}
    response = await page(request, "pages/admin_webhook_secret.html", context, section="admin")
    response.headers["HX-Push-Url"] = f"{ADDRESS}/{made.id}"
    return response


async def _refused(
    request: web.Request, error: HotlineError, hook_id: int, form: HookForm | None = None
) -> web.StreamResponse:
    if wants_json(request):
        raise error
    return await refused(request, error, ONE, await _one(request, hook_id, form))


async def _list(request: web.Request, form: HookForm) -> dict[str, Any]:
    its = services(request)
    hooks = await its.webhooks.all(current_user(request))
    return {
        "rows": [_hook(one) for one in hooks],
        "form": form,
        "events": [(kind.value, gettext(_EVENTS[kind])) for kind in SUBSCRIBED],
        "open_form": not hooks or form != HookForm(),
        "networks": [str(one) for one in its.settings.webhook_networks],
    }


async def _one(request: web.Request, hook_id: int, form: HookForm | None = None) -> dict[str, Any]:
    hook, deliveries, history = await services(request).webhooks.get(current_user(request), hook_id)
    stored = HookForm(hook.title, hook.url, frozenset(hook.events))
    now = {"title": stored.title, "url": stored.url, "events": sorted(stored.events)}
    return {
        **_hook(hook),
        "form": form or stored,
        "events": [(kind.value, gettext(_EVENTS[kind])) for kind in SUBSCRIBED],
        "deliveries": [_delivery(one) for one in deliveries],
        "history": [
            {
                "change": one,
                "note": note_title(one.note),
                "actor": gettext("by itself"),
                "fields": [
                    (gettext(_FIELDS.get(name, name)), _told(one.before.get(name)), _told(one.after.get(name)))
                    for name in one.after
                ],
                "undo": _fields({**now, **back}) if (back := undo_of(one, now)) else None,
            }
            for one in history
        ],
    }


def _hook(one: Hook) -> dict[str, Any]:
    names = [gettext(_EVENTS[EventKind(kind)]) for kind in one.events]
    return {"hook": one, "names": names, "reason": gettext(_PROBLEMS.get(one.off_reason, one.off_reason))}


def _delivery(one: Delivery) -> dict[str, Any]:
    said = str(one.last_status) if one.last_status is not None else gettext(_PROBLEMS.get(one.last_problem, ""))
    return {
        "one": one,
        "title": gettext(_EVENTS[EventKind(one.kind)]),
        "state": gettext(_STATES[one.state]),
        "said": said if one.last_status is not None or one.last_problem else "",
    }


def _fields(values: dict[str, Any]) -> dict[str, str]:
    """Return stored values as the form sends them, for the way back."""
    return {
        "title": values["title"],
        "url": values["url"],
        **{f"{EVENT}{kind}": "1" for kind in values["events"]},
    }


def _told(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value or "—")


def _form(sent: dict[str, str]) -> HookForm:
    return HookForm(sent.get("title", ""), sent.get("url", ""), ticked(sent, EVENT))
