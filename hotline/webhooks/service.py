"""Administration of webhooks (right ``user.manage``, not an insurer's): subscriptions, log, sending again."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Conflict, Forbidden, NotFound
from hotline.events import Bus
from hotline.staff.admin_model import Change
from hotline.staff.admin_rules import everywhere
from hotline.staff.history import read_changes, write_change
from hotline.staff.model import Right, User
from hotline.staff.secret_box import SecretBox
from hotline.webhooks import keys, rules
from hotline.webhooks.desk import body_of
from hotline.webhooks.model import Delivery, DeliveryState, Event, EventKind, Hook, HookForm, MessagesWait
from hotline.webhooks.rules import Network
from hotline.webhooks.tables import WebhookDeliveryRow, WebhookRow

SHOWN = 100
KEPT = timedelta(days=30)
"""So long the log remembers what was delivered or given up."""


@dataclass(frozen=True, slots=True)
class MadeHook:
    """A subscription just made, or its new secret. Nobody can read ``secret`` again."""

    id: int
    secret: str = field(repr=False)


class Webhooks:
    """The door to subscriptions.

    :param box: seals secrets; without a key none can be made.
    :param plain_http: http is allowed beside https.
    :param networks: networks of the house that may be asked.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        bus: Bus,
        box: SecretBox,
        *,
        plain_http: bool = False,
        networks: Collection[Network] = (),
    ) -> None:
        self._db = db
        self._clock = clock
        self._bus = bus
        self._box = box
        self._plain_http = plain_http
        self._networks = tuple(networks)

    async def all(self, by: User) -> tuple[Hook, ...]:
        """Return the subscriptions, those that work first.

        :raises Forbidden: ``by`` may not administer them.
        """
        _require(by)
        waiting = (
            select(func.count())
            .select_from(WebhookDeliveryRow)
            .where(
                WebhookDeliveryRow.webhook_id == WebhookRow.id,
                WebhookDeliveryRow.state == DeliveryState.WAITING.value,
            )
            .scalar_subquery()
        )
        order = (WebhookRow.off_at.is_not(None), WebhookRow.id)
        async with self._db.begin() as session:
            rows = await session.execute(select(WebhookRow, waiting).order_by(*order))
            return tuple(self._hook(row, count) for row, count in rows)

    async def get(self, by: User, hook_id: int) -> tuple[Hook, tuple[Delivery, ...], tuple[Change, ...]]:
        """Return a subscription with its latest messages and changes.

        :raises NotFound: there is none.
        """
        _require(by)
        async with self._db.begin() as session:
            row = await _row(session, hook_id)
            log = await session.scalars(
                select(WebhookDeliveryRow)
                .where(WebhookDeliveryRow.webhook_id == hook_id)
                .order_by(WebhookDeliveryRow.id.desc())
                .limit(SHOWN)
            )
            deliveries = tuple(_delivery(one) for one in log)
            waiting = sum(one.state is DeliveryState.WAITING for one in deliveries)
            return self._hook(row, waiting), deliveries, await read_changes(session, "webhook", hook_id)

    async def create(self, by: User, form: HookForm) -> MadeHook:
        """Make a subscription; it works at once.

        :raises BadInput: ``details`` names each wrong field.
        :raises Unavailable: there is no key to seal its secret with (``no-secret-key``).
        """
        _require(by)
        form = self._checked(form)
        secret = rules.new_secret(secrets.token_bytes(rules.SECRET_BYTES))
        now = self._clock.now()
        async with self._db.begin() as session:
            row = WebhookRow(
                title=form.title,
                url=form.url,
                secret="",
                events=sorted(form.events),
                created_at=now,
                created_by_id=by.id,
            )
            session.add(row)
            await session.flush()
            row.secret = keys.sealed(self._box, row.id, secret)
            write_change(session, ("webhook", row.id), {}, _facts(form), by=by, at=now, note="created")
            return MadeHook(row.id, secret)

    async def save(self, by: User, hook_id: int, form: HookForm, version: int) -> None:
        """Change a subscription. Messages that wait go to the new address.

        :raises BadInput: ``details`` names each wrong field.
        :raises Conflict: somebody changed it since (``stale-record``).
        """
        _require(by)
        form = self._checked(form)
        async with self._db.begin() as session:
            row = await _row(session, hook_id, version)
            before = _facts(HookForm(row.title, row.url, frozenset(row.events)))
            row.title, row.url, row.events = form.title, form.url, sorted(form.events)
            if write_change(session, ("webhook", hook_id), before, _facts(form), by=by, at=self._clock.now()):
                row.version += 1

    async def switch(self, by: User, hook_id: int, version: int, *, on: bool) -> None:
        """Switch a subscription off or on. What waits is kept; when it works again, another day of trying begins.

        :raises Conflict: ``stale-record``.
        """
        _require(by)
        now = self._clock.now()
        async with self._db.begin() as session:
            row = await _row(session, hook_id, version)
            if (row.off_at is None) is on:
                return
            row.off_at, row.off_reason, row.version = None if on else now, "", row.version + 1
            note = "switched on" if on else "switched off"
            write_change(session, ("webhook", hook_id), {}, {}, by=by, at=now, note=note)
            if on:
                waiting = await session.scalars(
                    select(WebhookDeliveryRow).where(
                        WebhookDeliveryRow.webhook_id == hook_id,
                        WebhookDeliveryRow.state == DeliveryState.WAITING.value,
                    )
                )
                for one in waiting:
                    one.first_at = one.next_at = now
        self._bus.publish(MessagesWait())

    async def rotate(self, by: User, hook_id: int, version: int) -> MadeHook:
        """Give a subscription a new secret; for a day messages are signed by both.

        :raises Conflict: ``stale-record``.
        """
        _require(by)
        secret = rules.new_secret(secrets.token_bytes(rules.SECRET_BYTES))
        now = self._clock.now()
        async with self._db.begin() as session:
            row = await _row(session, hook_id, version)
            row.secret_before, row.secret_before_until = row.secret, now + rules.ROTATION
            row.secret, row.version = keys.sealed(self._box, hook_id, secret), row.version + 1
            write_change(session, ("webhook", hook_id), {}, {}, by=by, at=now, note="new secret")
        return MadeHook(hook_id, secret)

    async def replay(self, by: User, hook_id: int, delivery_id: int) -> None:
        """Send a message again, with the same id: the receiver may know it already.

        :raises NotFound: there is no such message.
        :raises Conflict: its webhook is switched off (``webhook-off``).
        """
        _require(by)
        now = self._clock.now()
        async with self._db.begin() as session:
            row = await _row(session, hook_id)
            one = await session.get(WebhookDeliveryRow, delivery_id, with_for_update=True)
            if one is None or one.webhook_id != hook_id:
                raise NotFound("there is no such message", error_id="no-such-delivery")
            if row.off_at is not None:
                raise Conflict("the webhook is switched off", error_id="webhook-off")
            one.state, one.attempts, one.first_at, one.next_at = DeliveryState.WAITING.value, 0, now, now
            write_change(session, ("webhook", hook_id), {}, {}, by=by, at=now, note="sent again")
        self._bus.publish(MessagesWait())

    async def ping(self, by: User, hook_id: int) -> None:
        """Send a message that says nothing, to see whether it arrives.

        :raises Conflict: the webhook is switched off (``webhook-off``).
        """
        _require(by)
        now = self._clock.now()
        event = Event(f"ping-{secrets.token_hex(8)}", EventKind.PING, now)
        async with self._db.begin() as session:
            row = await _row(session, hook_id)
            if row.off_at is not None:
                raise Conflict("the webhook is switched off", error_id="webhook-off")
            session.add(
                WebhookDeliveryRow(
                    webhook_id=hook_id,
                    message_id=event.id,
                    kind=event.kind.value,
                    body=body_of(event),
                    created_at=now,
                    first_at=now,
                    next_at=now,
                )
            )
        self._bus.publish(MessagesWait())

    async def purge(self) -> int:
        """Forget messages that were delivered or given up long ago; return how many."""
        async with self._db.begin() as session:
            gone = await session.scalars(
                delete(WebhookDeliveryRow)
                .where(
                    WebhookDeliveryRow.state != DeliveryState.WAITING.value,
                    WebhookDeliveryRow.created_at < self._clock.now() - KEPT,
                )
                .returning(WebhookDeliveryRow.id)
            )
            return len(gone.all())

    def _checked(self, form: HookForm) -> HookForm:
        form = HookForm(" ".join(form.title.split()), form.url.strip(), form.events)
        if wrong := rules.form_problems(form, plain_http=self._plain_http, networks=self._networks):
            raise BadInput("the webhook cannot be saved", details=wrong)
        return form

    def _hook(self, row: WebhookRow, waiting: int) -> Hook:
        until = row.secret_before_until
        return Hook(
            row.id,
            row.title,
            row.url,
            tuple(row.events),
            row.created_at,
            row.off_at,
            row.off_reason,
            row.version,
            waiting,
            until if until is not None and until > self._clock.now() else None,
        )


def _facts(form: HookForm) -> dict[str, object]:
    return {"title": form.title, "url": form.url, "events": sorted(form.events)}


def _delivery(row: WebhookDeliveryRow) -> Delivery:
    state = DeliveryState(row.state)
    return Delivery(
        row.id,
        row.message_id,
        row.kind,
        row.body,
        state,
        row.created_at,
        row.attempts,
        row.next_at if state is DeliveryState.WAITING else None,
        row.last_at,
        row.last_status,
        row.last_problem,
    )


async def _row(session: AsyncSession, hook_id: int, version: int | None = None) -> WebhookRow:
    row = await session.get(WebhookRow, hook_id, with_for_update=True)
    if row is None:
        raise NotFound("there is no such webhook", error_id="no-such-webhook")
    if version is not None and row.version != version:
        raise Conflict("somebody else changed this meanwhile", error_id="stale-record")
    return row


def _require(by: User) -> None:
    """Refuse who does not administer the whole house: a webhook tells of everybody's appeals and calls."""
    if not by.may(Right.USER_MANAGE) or not everywhere(by.organisation):
        raise Forbidden("this user may not manage webhooks")
