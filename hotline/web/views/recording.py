"""The player of recordings (S002-02): sound with Range, the drawn wave, who listened (domain 3.4)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from aiohttp import web

from hotline.archive.model import Archived
from hotline.cti import recordings
from hotline.errors import Forbidden, NotFound
from hotline.journal.model import CallRow
from hotline.journal.recordings import Listening
from hotline.staff.model import Right, User
from hotline.web.context import client_address, current_user, services
from hotline.web.forms import form_fields
from hotline.web.render import page
from hotline.web.titles import Mark, direction_mark
from hotline.web.views.callbacks import queues_of


@dataclass(frozen=True, slots=True)
class PlayerPage:
    """A recording as the template shows it. ``wave`` is JSON for the script: peaks, seconds, marks."""

    key: str
    started_at: datetime | None
    direction: Mark | None
    number: str | None
    operator: str
    seconds: float
    wave: str
    two_voices: bool
    """The wave has a line for the citizen and one for the operator."""
    may_download: bool
    may_hold: bool
    hold_reason: str
    listeners: tuple[Listening, ...]


async def sound(request: web.Request) -> web.StreamResponse:
    """Send the sound. ``Range`` (RFC 9110 section 14) is served, so that the player can seek."""
    its, user = services(request), current_user(request)
    key = request.match_info["key"]
    ip = client_address(request)
    asterisk = await its.recordings.authorise(user, key, ip=ip, owed=await _owed(request, user, key))
    disposition = "inline"
    if "download" in request.query:
        await its.recordings.authorise_download(user, key, ip=ip)
        disposition = "attachment"
    archived = await _archived(request, key)
    if archived is not None:
        path, kind = archived.path, archived.content_type
        if not await asyncio.to_thread(path.is_file):
            raise NotFound("the file of this recording is gone", error_id="no-recording")
    else:
        folder = next((one.recording_dir for one in its.settings.asterisks if one.name == asterisk), None)
        if folder is None:
            raise NotFound("the server of this call is not configured any more", error_id="no-recording")
        path, kind = (await asyncio.to_thread(recordings.find, folder, key)).mixed, "audio/wav"
    return web.FileResponse(
        path,
        headers={
            "Content-Type": kind,
            "Content-Disposition": f'{disposition}; filename="{path.name}"',
            "Cache-Control": "private, no-store",
        },
    )


async def player(request: web.Request) -> web.StreamResponse:
    """Show the player; for another's call the question for a reason first."""
    key = request.match_info["key"]
    try:
        user, ip = current_user(request), client_address(request)
        await services(request).recordings.authorise(user, key, ip=ip, owed=await _owed(request, user, key))
    except Forbidden as error:
        if error.error_id != "reason-required":
            raise
        return await page(request, "pages/recording_reason.html", {"key": key, "missing": False}, section="calls")
    return await _player(request, key)


async def _owed(request: web.Request, user: User, key: str) -> bool:
    """Tell whether the call's citizen was not served and is this user's to call back."""
    its = services(request)
    return await its.callbacks.holds(await queues_of(its, user), key)


async def give_reason(request: web.Request) -> web.StreamResponse:
    """Take the reason and show the player."""
    key = request.match_info["key"]
    reason = (await form_fields(request)).get("reason", "").strip()
    if not reason:
        context = {"key": key, "missing": True}
        return await page(request, "pages/recording_reason.html", context, section="calls", status=400)
    user = current_user(request)
    await services(request).recordings.authorise(user, key, ip=client_address(request), reason=reason)
    return await _player(request, key)


async def _player(request: web.Request, key: str) -> web.StreamResponse:
    return await page(request, "pages/recording.html", {"page": await player_page(request, key)}, section="calls")


async def player_page(request: web.Request, key: str) -> PlayerPage:
    """Return what the player shows of a recording; who may hear it was asked before."""
    its, user = services(request), current_user(request)
    archived = await _archived(request, key)
    call = await _call(request, user, key)
    wave = _wave(archived)
    return PlayerPage(
        key=key,
        started_at=call.started_at if call else None,
        direction=direction_mark(call.direction) if call else None,
        number=(call.caller if call.direction == "in" else call.dialled) if call else None,
        operator=(call.operator or "") if call else "",
        seconds=archived.seconds if archived else 0.0,
        wave=msgspec.json.encode(wave).decode(),
        two_voices=len(wave["peaks"]) == 2,
        may_download=user.may(Right.CALL_DOWNLOAD),
        may_hold=user.may(Right.CALL_HOLD_RECORDING) and archived is not None,
        hold_reason=archived.hold_reason if archived else "",
        listeners=await its.recordings.listeners(key) if user.may(Right.AUDIT_VIEW) else (),
    )


def _wave(archived: Archived | None) -> dict[str, Any]:
    if archived is None:
        return {"seconds": 0, "peaks": [], "marks": []}
    marks = [{"start": one.start_s, "end": one.end_s, "field": one.field} for one in archived.marks]
    return {"seconds": archived.seconds, "peaks": archived.peaks, "marks": marks}


async def _archived(request: web.Request, key: str) -> Archived | None:
    """Return the archive's recording; ``None`` when Asterisk's own file has not been taken over yet."""
    try:
        found = await services(request).archive.get(key)
    except NotFound:
        return None
    if found.deleted_at is not None:
        raise NotFound("the recording was deleted at the end of its time", error_id="recording-deleted")
    return found


async def _call(request: web.Request, user: User, key: str) -> CallRow | None:
    try:
        return await services(request).calls.get(user, key)
    except NotFound:
        return None
