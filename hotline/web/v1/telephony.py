"""Calls, the directory and the board of ``/api/v1``."""

from __future__ import annotations

import msgspec

from hotline.board.model import Scope, scope_of
from hotline.errors import NotFound
from hotline.journal.model import CallRow
from hotline.journal.personquery import mend_layout
from hotline.queue.model import OperatorState
from hotline.staff.contact_model import Contact
from hotline.staff.model import DirectoryEntry
from hotline.web.board_messages import picture
from hotline.web.services import Services
from hotline.web.v1 import shapes
from hotline.web.v1.operations import Asked
from hotline.web.views.directory import readings

NOBODY = Scope(0)
"""Covers no organisation: identities begin at 1."""


async def calls(asked: Asked) -> shapes.Calls:
    """Return a page of the calls that the account may see, newest first."""
    wanted: shapes.CallsQuery = asked.query
    found = await asked.services.lists.calls(
        asked.caller.user, after=wanted.after or None, unclassified=wanted.unclassified, limit=wanted.limit
    )
    return shapes.Calls(calls=[_call(row) for row in found.rows], after=found.after)


async def call(asked: Asked) -> shapes.Call:
    """Return a call."""
    return _call(await asked.services.calls.get(asked.caller.user, asked.request.match_info["key"]))


async def recording(asked: Asked) -> shapes.Recording:
    """Return what is kept of the sound of a call that the account may see."""
    row = await asked.services.calls.get(asked.caller.user, asked.request.match_info["key"])
    try:
        kept = await asked.services.archive.get(row.key)
    except NotFound:
        return shapes.Recording(
            call_key=row.key,
            state="waiting" if row.recorded else "none",
            seconds=None,
            content_type="",
            held=False,
            deleted_at=None,
        )
    return shapes.Recording(
        call_key=row.key,
        state="stored" if kept.deleted_at is None else "deleted",
        seconds=kept.seconds,
        content_type=kept.content_type if kept.deleted_at is None else "",
        held=bool(kept.hold_reason),
        deleted_at=kept.deleted_at,
    )


async def directory(asked: Asked) -> shapes.Directory:
    """Search the telephone directory."""
    its, wanted = asked.services, asked.body
    q = wanted.q.strip()
    people = await its.staff.directory(q, wanted.limit, mended=mend_layout(q))
    contacts = await its.staff.contacts.search(asked.caller.user, readings(q), wanted.limit)
    return shapes.Directory(
        people=[_colleague(its, one) for one in people], contacts=[_contact(one) for one in contacts]
    )


async def board(asked: Asked) -> shapes.Board:
    """Return the board as it is now."""
    scope = scope_of(asked.caller.user) or NOBODY
    found = picture(asked.services.board.live, scope)
    return msgspec.convert(found, shapes.Board)


async def account(asked: Asked) -> shapes.Account:
    """Say whose token this is."""
    caller = asked.caller
    return shapes.Account(
        token=caller.title,
        account=caller.user.last_name,
        organisation=caller.user.organisation.short_name,
        rights=sorted(caller.user.permissions),
        expires_at=caller.expires_at,
        requests_per_minute=asked.services.settings.api_per_minute,
    )


def _call(row: CallRow) -> shapes.Call:
    return shapes.Call(
        key=row.key,
        direction=row.direction,
        phase=row.phase,
        caller=row.caller,
        dialled=row.dialled,
        queue=row.queue,
        started_at=row.started_at,
        answered_at=row.answered_at,
        ended_at=row.ended_at,
        wait_s=row.wait_s,
        talk_s=row.talk_s,
        outcome=row.outcome,
        ended_by=row.ended_by,
        operator_id=row.operator_id,
        operator=row.operator,
        disposition=row.disposition,
        recorded=row.recorded,
        rating=row.rating,
        masked=row.masked,
        appeals=[shapes.CallAppeal(appeal_id, number) for appeal_id, number in row.appeals],
    )


def _colleague(its: Services, one: DirectoryEntry) -> shapes.Colleague:
    found = its.desk.board().presence.get(one.extension or "")
    return shapes.Colleague(
        id=one.user_id,
        full_name=one.full_name,
        organisation=one.organisation,
        extension=one.extension,
        roles=list(one.roles),
        state=(found.state if found is not None else OperatorState.OFFLINE).value,
    )


def _contact(one: Contact) -> shapes.Contact:
    fields = one.fields
    return shapes.Contact(
        kind=one.kind.value,
        id=one.id,
        name=fields.name,
        organisation=fields.organisation,
        number=fields.number,
        hours=fields.hours,
        note=fields.note,
    )
