"""Use cases of registered appeals: save a card (T2), change it; what moves it is in :mod:`hotline.journal.moving`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Conflict, Forbidden
from hotline.events import Bus
from hotline.journal import appeal_view, card_extras, dispositions, settings_store, terms
from hotline.journal.card_form import ONLY_NEW, CardForm
from hotline.journal.card_lists import card_lists
from hotline.journal.cardcheck import CardData, check
from hotline.journal.closing import CallClassified
from hotline.journal.model import Appeal, PersonSnapshot, Phase
from hotline.journal.moves import Step, move, note
from hotline.journal.moving import Moving, locked, require_version
from hotline.journal.outbox import Outbox
from hotline.journal.persons import lock_enps, remember
from hotline.journal.process_model import SAVE
from hotline.journal.restricting import Restricting, restrict_new
from hotline.journal.tables import AppealCallRow, AppealRecord, DraftRow
from hotline.journal.tables_person import PersonRow
from hotline.staff.audit import audit
from hotline.staff.model import Right, User


class Appeals(Moving):
    """The door to registered appeals. Every method checks rights; every write is one transaction."""

    def __init__(self, db: Database, clock: Clock, zone: ZoneInfo, outbox: Outbox, bus: Bus | None = None) -> None:
        super().__init__(db, clock, zone, outbox)
        self.restricting = Restricting(db, clock, outbox)
        self._bus = bus

    async def save_card(self, user: User, form: CardForm, idempotency_key: str, *, finish: bool = False) -> Appeal:
        """Register an appeal: number, status, deadline, history, link to its call; the draft is gone then (T2).

        Saving the same again (same key, or same draft) returns the appeal that it became.

        :param idempotency_key: made by the browser, new for every card.
        :param finish: close it as well, as a consultation with the profile's result for one (T3, DAY-02): both or
            neither.
        :raises Forbidden: the user may not register appeals.
        :raises BadInput: ``details`` maps every wrong field to what is wrong with it; nothing was changed.
        :raises Conflict: the card was handed over to somebody else.
        """
        if not user.may(Right.APPEAL_CREATE):
            raise Forbidden("this user may not register appeals")
        if not idempotency_key or len(idempotency_key) > 100:
            raise BadInput("no idempotency key", details={"idempotency_key": "1 to 100 characters"})
        fact: CallClassified | None = None
        try:
            async with self._db.begin() as session:
                appeal, fact = await self._register(session, user, form, idempotency_key, finish=finish)
        except IntegrityError:
            # The same card, saved twice at the same moment: the other transaction won.
            async with self._db.begin() as session:
                saved = await _already_saved(session, user, idempotency_key, _number_or_none(form.draft_id))
                if saved is None:
                    raise
                appeal = await appeal_view.load(session, user, saved, self._zone, self._clock.now())
        if fact is not None and self._bus is not None:
            self._bus.publish(fact)
        await self._outbox.relay()
        return appeal

    async def get(self, user: User, appeal_id: int) -> Appeal:
        """Return an appeal; the view goes into the audit trail.

        :raises NotFound: there is none that this user may see (domain 2.8).
        """
        now = self._clock.now()
        async with self._db.begin() as session:
            appeal = await appeal_view.load(session, user, appeal_id, self._zone, now)
            details = {"part": "heading"} if appeal.heading_only else {}
            audit(session, "view", ("appeal", appeal_id), user_id=user.id, at=now, details=details)
        return appeal

    async def update(self, user: User, appeal_id: int, form: CardForm, version: int) -> Appeal:
        """Change the text and the properties of an appeal («Редактирование», domain 2.7).

        Number, date of registration and history never change. Another channel, form or time computes the deadline
        anew (domain 2.5 c).

        :param version: :attr:`Appeal.version` that the form was made from.
        :raises Forbidden: the user may not edit it in this phase.
        :raises Conflict: somebody changed it since; ``details["fields"]`` maps names to ``[yours, stored]``.
        :raises BadInput: as for :meth:`save_card`.
        """
        now = self._clock.now()
        async with self._db.begin() as session:
            row = await locked(session, appeal_id)
            if not (await appeal_view.load(session, user, appeal_id, self._zone, now)).editable:
                raise Forbidden("this appeal may not be edited now", error_id="appeal-locked")
            shown = user.organisation.zone(self._zone)  # in which the form was filled in
            stored, yours = appeal_view.card_fields(row, shown), form.to_fields()
            differing = {name: [yours.get(name, ""), stored[name]] for name in _difference(stored, yours)}
            require_version(row, version, differing)
            data = await self._checked(session, user, form, now)
            if form.appeal_at == stored["appeal_at"]:
                # Forms show minutes; an untouched time keeps its seconds, and the deadline with it.
                data = replace(data, appeal_at=row.appeal_at)
            zone = await terms.zone_of(session, row.organisation_id, self._zone)
            due = await terms.deadline_of(session, data, row.created_at, zone)
            data = await _with_dossiers(session, data, now)
            _fill(row, data)
            moved = terms.set_deadline(row, due, zone) if terms.may_recompute(row) else ""
            await card_extras.remember_answers(session, user, row, form, now)
            changed = _difference(stored, appeal_view.card_fields(row, shown))
            if changed:
                row.version += 1
                await session.flush()
                if moved:  # rule c: another channel, flag or time moves the deadline, and the history says so
                    session.add(terms.history_of(row, user.id, moved, now))
                step = Step(user, now, ", ".join(sorted(changed)))
                await note(
                    session,
                    row,
                    step,
                    event="edit",
                    kind="appeal.changed",
                    others=set(),
                )
            appeal = await appeal_view.load(session, user, appeal_id, self._zone, now, data.warnings)
        await self._outbox.relay()
        return appeal

    async def _register(
        self, session: AsyncSession, user: User, form: CardForm, idempotency_key: str, *, finish: bool
    ) -> tuple[Appeal, CallClassified | None]:
        now = self._clock.now()
        draft_id = _number_or_none(form.draft_id)
        draft = await session.get(DraftRow, draft_id, with_for_update=True) if draft_id else None
        saved = await _already_saved(session, user, idempotency_key, draft_id)
        if saved is not None:
            return await appeal_view.load(session, user, saved, self._zone, now), None
        if draft is not None and draft.user_id != user.id:
            raise Conflict("the card was handed over to somebody else", error_id="card-handed-over")
        data = await self._checked(session, user, form, now)
        zone = user.organisation.zone(self._zone)
        due = await terms.deadline_of(session, data, now, zone)
        data = await _with_dossiers(session, data, now)
        found = await card_extras.before_save(session, form, data, draft.id if draft else None, user, now)
        data = replace(data, warnings=(*data.warnings, *found))
        row = AppealRecord(
            number="",
            version=1,
            idempotency_key=idempotency_key,
            draft_id=draft.id if draft else None,
            phase=Phase.DRAFT.value,
            created_at=now,
            creator_id=user.id,
            owner_id=user.id,
            organisation_id=user.organisation.id,
            responsible_org_id=user.organisation.id,
        )
        _fill(row, data)
        terms.set_deadline(row, due, zone)
        # The counter's row stays locked until the commit, so the number is drawn as late as possible.
        row.number = await settings_store.next_number(session, user.organisation, now.astimezone(zone).date())
        await move(session, row, SAVE, Step(user, now))
        await restrict_new(session, user, row, form, now)
        await card_extras.on_save(session, user, row, form, draft.id if draft else None, now)
        call_key = (draft.call_key if draft else None) or form.call_key or None
        fact = None
        if call_key:
            await _link_call(session, row.id, call_key)
            fact = await dispositions.register(session, call_key, self._clock)
        if draft is not None:
            await session.delete(draft)
        await session.flush()
        if finish:
            await self.finish_consultation(session, user, row)
        return await appeal_view.load(session, user, row.id, self._zone, now, data.warnings), fact

    async def _checked(self, session: AsyncSession, user: User, form: CardForm, now: datetime) -> CardData:
        zone = user.organisation.zone(self._zone)
        today = now.astimezone(zone).date()
        lists = await card_lists(session, today, user.organisation.id)
        data = check(form, lists, user, zone, now)
        wanted = {data.applicant.person_id, data.insured.person_id} - {None}
        known = set(await session.scalars(select(PersonRow.id).where(PersonRow.id.in_(wanted)))) if wanted else set()
        if wanted - known:
            field = "applicant_person_id" if data.applicant.person_id not in {None, *known} else "insured_person_id"
            raise BadInput("the attached person does not exist", details={field: "unknown"})
        await card_extras.require_organisations(session, data)
        return data


async def _already_saved(session: AsyncSession, user: User, idempotency_key: str, draft_id: int | None) -> int | None:
    same = AppealRecord.idempotency_key == idempotency_key
    statement = select(AppealRecord.id).where(
        AppealRecord.creator_id == user.id,
        same if draft_id is None else or_(same, AppealRecord.draft_id == draft_id),
    )
    return await session.scalar(statement.order_by(AppealRecord.id).limit(1))


async def _with_dossiers(session: AsyncSession, data: CardData, now: datetime) -> CardData:
    """Attach the dossiers of the people named on the card, made where there are none."""
    if data.anonymous:
        return data
    await lock_enps(session, (data.applicant, data.insured))
    applicant = await _attached(session, data.applicant, now)
    insured = applicant if data.same_person else await _attached(session, data.insured, now)
    return replace(data, applicant=applicant, insured=insured)


async def _attached(session: AsyncSession, who: PersonSnapshot, now: datetime) -> PersonSnapshot:
    return replace(who, person_id=await remember(session, who, now))


async def _link_call(session: AsyncSession, appeal_id: int, call_key: str) -> None:
    await session.execute(
        insert(AppealCallRow).values(call_key=call_key, appeal_id=appeal_id, relation="opened").on_conflict_do_nothing()
    )


def _fill(row: AppealRecord, data: CardData) -> None:
    row.type_code = data.type
    row.topic_code = data.topic
    row.channel_code = data.channel
    row.form = data.form.value
    row.source_code = data.source
    row.source_org = data.source_org
    row.appeal_at = data.appeal_at
    row.written_no = data.written_no
    row.written_date = data.written_date
    row.to_head_of_region = data.to_head_of_region
    row.urgent = data.urgent
    row.anonymous = data.anonymous
    row.applicant_id = data.applicant.person_id
    row.applicant_name = data.applicant.full_name
    row.applicant_snapshot = appeal_view.snapshot_to_json(data.applicant)
    row.same_person = data.same_person
    row.insured_id = data.insured.person_id
    row.insured_snapshot = appeal_view.snapshot_to_json(data.insured)
    row.kinship_code = data.kinship
    row.representative_doc = data.representative_doc
    row.title = data.title
    row.content = data.content
    row.measures = data.measures
    card_extras.fill(row, data)


def _difference(stored: dict[str, str], other: dict[str, str]) -> list[str]:
    """Name the fields that differ; how a card is saved is no property of the appeal."""
    return [name for name, value in stored.items() if name not in ONLY_NEW and other.get(name, "") != value]


def _number_or_none(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None
