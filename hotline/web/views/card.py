"""The registration card: opened by a call or by hand, saved as an appeal (S001-014, S001-042…S001-056)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from aiohttp import web

from hotline.cti.model import Call, ConsultOffered, Direction, LinkState, Phase
from hotline.errors import BadInput, Forbidden, NotFound
from hotline.journal import identifiers
from hotline.journal.attachment_rules import ACCEPT
from hotline.journal.card_form import CardForm, PersonFields
from hotline.journal.complaint import Initiator, Justified
from hotline.journal.model import CallRow, Channel, Draft, Named, Topic
from hotline.journal.person_model import PhoneOwners
from hotline.staff.model import Right, User
from hotline.staff.rules import fold
from hotline.web.call_sound import CallPart, call_parts
from hotline.web.context import COURIER, current_user, require_right, services, wants_json
from hotline.web.courier import card_ref
from hotline.web.early import live_part, takes_part
from hotline.web.error_texts import warning_text
from hotline.web.failures import details_of
from hotline.web.forms import form_fields, query_text
from hotline.web.i18n import gettext, mark
from hotline.web.push_messages import at
from hotline.web.render import fragment, page
from hotline.web.services import Services
from hotline.web.views.card_parts import link_kinds, parse_links
from hotline.web.views.history import citizen_history
from hotline.web.views.people import FoundPersons, directory_person, found_person
from hotline.web.views.prefill import from_register
from hotline.web.views.restriction import restrictions_of_new

PERSON_FIELDS = (
    ("last_name", mark("Surname"), "text"),
    ("first_name", mark("Name"), "text"),
    ("patronymic", mark("Patronymic"), "text"),
    ("birth_date", mark("Birth date"), "text"),
    ("phone", mark("Telephone"), "tel"),
    ("enp", mark("Policy number (unified)"), "text"),
    ("snils", mark("Insurance number (SNILS)"), "text"),
    ("address", mark("Address"), "text"),
    ("email", mark("E-mail"), "email"),
)


INITIATORS = {
    Initiator.APPLICANT: mark("applicant"),
    Initiator.SMO: mark("insurer"),
    Initiator.TFOMS: mark("fund"),
    Initiator.PROSECUTOR: mark("prosecutor"),
    Initiator.MO: mark("medical institution"),
    Initiator.NONE: mark("nobody"),
}
JUSTIFIED = {
    Justified.YES: mark("yes"),
    Justified.PARTLY: mark("partly"),
    Justified.NO: mark("no"),
    Justified.NOT_APPLICABLE: mark("does not apply"),
}


@dataclass(frozen=True, slots=True)
class CardCall:
    """The call of a card. ``waits_since`` is set while the citizen still waits."""

    number: str | None
    started_at: datetime
    queue: str | None
    wait_s: float
    waits_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class CardView:
    """What the head and the save bar of a card show."""

    draft_id: int
    rev: int
    saved_at: datetime
    call_key: str
    phone: str
    call: CardCall | None
    topic_title: str
    handed_by: str
    shown_by: str
    """Whose card it is, when it is shown to a colleague who is being asked; he may only read it."""


@dataclass(frozen=True, slots=True)
class Choices:
    """The lists of the card."""

    types: tuple[Named, ...]
    channels: tuple[Channel, ...]
    sources: tuple[Named, ...]
    kinships: tuple[Named, ...]
    complaints: frozenset[str]
    """Codes of the types that have the complaint block."""
    initiators: list[tuple[str, str]]
    justified: list[tuple[str, str]]
    favourites: tuple[Topic, ...]
    last_topic: Topic | None
    may_write: bool
    """Whether the user registers letters; if not, written channels cannot be chosen (Q3)."""


async def of_call(request: web.Request) -> web.StreamResponse:
    """Open the card of a call: made at the first ring, the draft restored when there is one."""
    user = require_right(request, Right.APPEAL_CREATE)
    its = services(request)
    key = request.match_info["key"]
    try:
        call, live, parts = await _opened(its, user, key)
    except NotFound:
        # A call that nobody could write down: its card was begun on paper (DAY-20), and is there all the same.
        draft = await its.drafts.of_call(user, key)
        if draft is None:
            raise
        return await card_page(request, draft, None, [])
    if (about := await _object(request, user, key, live)) is not None:
        raise web.HTTPSeeOther(f"/appeals/{about}?call={quote(key)}")
    courier = request.app[COURIER]
    if live is not None and user.extension in live.ringing:
        await courier.inherit(live, str(user.extension))
    offer = courier.offer_to(key, user.extension)
    if offer is not None:
        return await _asked(request, offer, call)
    draft = await its.drafts.create_or_get(user, key, live)
    return await card_page(request, draft, call, parts)


async def _object(request: web.Request, user: User, key: str, live: Call | None) -> int | None:
    """Return the appeal that an outgoing call is about: its page is the call's card (domain 2.1).

    ``?new=1`` registers another matter of the same conversation; a card that was begun for it stays the call's card.
    """
    its = services(request)
    if query_text(request, "new", limit=1) or await its.drafts.of_call(user, key) is not None:
        return None
    return await its.card.call_backs.object_of(user, key, live)


async def new(request: web.Request) -> web.StreamResponse:
    """Open an empty card («Добавить»), or with ``?draft=`` go on with an unfinished one."""
    user = require_right(request, Right.APPEAL_CREATE)
    its = services(request)
    wanted = query_text(request, "draft", limit=18)
    if wanted:
        if not (wanted.isascii() and wanted.isdigit()):
            raise NotFound("there is no such draft")
        draft = await its.drafts.get(user, int(wanted))
        if draft.call_key:
            target = f"/calls/{draft.call_key}/card"
            return web.Response(status=303, headers={"Location": target})
    else:
        draft = await its.drafts.create_or_get(user)
    person = query_text(request, "person", limit=18)
    attach = await _attachable(its, user, person) if person else None
    return await card_page(request, draft, None, [], attach=attach)


async def _attachable(its: Services, user: User, person: str) -> dict[str, str]:
    """Return whom a dossier's «New appeal» brings along (S000-23)."""
    if not (person.isascii() and person.isdigit()):
        raise NotFound("there is no such person", error_id="no-such-person")
    return found_person(await its.persons.get(user, int(person))).attach


async def save(request: web.Request) -> web.StreamResponse:
    """Save the card as an appeal: number, status, deadline (S001-056); ``finish`` closes a consultation (DAY-02).

    JSON ``{id, number, status, due_at, warnings}`` for a script, else the page of the appeal, or the card with what
    is wrong.
    """
    user = require_right(request, Right.APPEAL_CREATE)
    its = services(request)
    sent = await form_fields(request)
    form = CardForm.from_fields(sent)
    # Without our script there is no key; a draft becomes one appeal only, so its id does as well.
    key = request.headers.get("Idempotency-Key", "").strip() or f"draft-{form.draft_id}"
    try:
        appeal = await its.appeals.save_card(user, form, idempotency_key=key, finish=bool(sent.get("finish")))
    except BadInput as error:
        if wants_json(request) or not form.draft_id.isdigit():
            raise
        return await _refused(request, form, error)
    if wants_json(request):
        return web.json_response(
            {
                "id": appeal.id,
                "version": appeal.version,
                "number": appeal.number,
                "status": appeal.status.title,
                "due_at": at(appeal.due_at),
                "warnings": [warning_text(warning) for warning in appeal.warnings],
            }
        )
    return web.Response(status=303, headers={"Location": f"/appeals/{appeal.id}"})


async def topics(request: web.Request) -> web.Response:
    """Return the topics of a type by keyword, as a fragment, by code or with ``sort=title`` (S001-051, S000-44)."""
    user = current_user(request)
    found = await services(request).classifier.topics(
        query_text(request, "type", limit=50),
        query_text(request, "q", limit=100),
        user.organisation.id,
        restricted=user.may(Right.APPEAL_VIEW_RESTRICTED),
    )
    if query_text(request, "sort", limit=10) == "title":
        found = tuple(sorted(found, key=lambda topic: fold(topic.title)))
    return fragment(request, "includes/topic_rows.html", {"topics": found})


def live_card_call(call: Call, its: Services) -> CardCall:
    """Return the call of a card while it goes on."""
    waiting = call.queued_at if call.answered_at is None and call.phase is not Phase.ENDED else None
    return CardCall(_number_of(call), call.started_at, call.queue, call.wait_s(its.clock.now()), waiting)


def stored_card_call(row: CallRow) -> CardCall:
    """Return the call of a card after it ended."""
    return CardCall(_other_party(row), row.started_at, row.queue, row.wait_s)


async def _asked(request: web.Request, offer: ConsultOffered, call: CardCall) -> web.StreamResponse:
    """Show the card of the colleague who asks for help, read-only until the call is handed over (domain 2.9)."""
    its = services(request)
    sender = await its.staff.by_extension(offer.from_extension)
    card = card_ref(offer.card_id)
    if sender is None or card is None:
        raise NotFound("the colleague's call came without a card", error_id="no-card")
    if card.kind == "appeal":
        return web.Response(status=303, headers={"Location": f"/appeals/{card.id}"})
    draft = await its.drafts.get(sender, card.id)
    return await card_page(request, draft, call, [], shown_by=sender.full_name)


async def _refused(request: web.Request, form: CardForm, error: BadInput) -> web.StreamResponse:
    """Show the card again with what is wrong, for a browser without our script: nothing typed is lost."""
    its, user = services(request), current_user(request)
    draft = await its.drafts.get(user, int(form.draft_id))
    draft = await its.drafts.save(user, draft.id, draft.rev, form.to_fields())
    return await card_page(request, draft, None, [], refused=error)


async def card_page(
    request: web.Request,
    draft: Draft,
    call: CardCall | None,
    parts: list[CallPart],
    *,
    refused: BadInput | None = None,
    shown_by: str = "",
    attach: dict[str, str] | None = None,
    topics: tuple[Topic, ...] = (),
) -> web.StreamResponse:
    """Show a card. ``topics``: it is the empty one of the paper mode, which needs all of them."""
    its, user = services(request), current_user(request)
    # A draft holds what the browser sent; the template needs every field.
    values = CardForm.from_fields(draft.fields).to_fields()
    number = (call.number if call else None) or values["applicant_phone"]
    phone = identifiers.phone(number)
    known = PhoneOwners() if values["applicant_person_id"] else await its.persons.owners(phone, user)
    offered = from_register(draft, values, phone, known, by_call=call is not None and not attach)
    history = await citizen_history(its, user, values["applicant_person_id"], values["insured_person_id"])
    handed = await its.staff.user(draft.handed_by) if draft.handed_by is not None else None
    view = CardView(
        draft_id=draft.id,
        rev=draft.rev,
        saved_at=draft.saved_at,
        call_key=draft.call_key or "",
        phone=phone or "",
        call=call,
        topic_title=await topic_title(its, user, values["topic"]),
        handed_by=handed.full_name if handed else "",
        shown_by=shown_by,
    )
    context = {
        "card": view,
        "paper": topics,
        "fields": values,
        "errors": details_of(refused) if refused is not None else {},
        "person_fields": person_fields(),
        "known": FoundPersons([found_person(row) for row in known.rows], more=False, shared=known.shared)
        if known.rows and not values["unconfirmed"]
        else None,
        "prefill": offered,
        "attach": attach,
        "known_caption": gettext("Known by this number: ask for the name before attaching")
        if len(known.rows) > 1
        else gettext("One person is known by this number: ask for the name, then confirm"),
        "history": history,
        "links": parse_links(values["links"]),
        "link_kinds": link_kinds(),
        "repeat": await its.card.callers.repeat(phone, draft.call_key or "", user.id) if call is not None else None,
        "defaults": await _defaults(its, user, draft, phone),
        "may_alarm": user.may(Right.CALL_TAKE) or user.may(Right.CALL_MAKE),
        "files_query": f"draft={draft.id}",
        "files_editable": not shown_by,
        "files_accept": ACCEPT,
        "choices": await card_choices(its, user),
        "restrictions": restrictions_of_new(user),
        "calls": parts,
        "may_finish": user.may(Right.APPEAL_CLOSE_CONSULTATION) and not shown_by,
        "may_forward": user.may(Right.APPEAL_FORWARD) and not shown_by,
        "may_transfer": user.may(Right.CALL_TRANSFER) and call is not None and not shown_by,
        "colleagues": await _colleagues(its, user) if call is not None and not shown_by else [],
    }
    return await page(
        request, "pages/card.html", context, section="card", status=refused.status if refused is not None else 200
    )


async def _defaults(its: Services, user: User, draft: Draft, phone: str | None) -> dict[str, str]:
    """Return what the card starts with again when it is cleared (S000-71)."""
    chosen = await its.classifier.defaults(user)
    form = CardForm(
        draft_id=str(draft.id),
        call_key=draft.call_key or "",
        type=chosen.type,
        channel=chosen.channel,
        source=chosen.source,
        appeal_at=draft.fields.get("appeal_at", ""),
        restriction_reason=gettext("The citizen asked for it"),
        applicant=PersonFields(phone=phone or ""),
    )
    return form.to_fields()


def person_fields() -> list[tuple[str, str, str, str]]:
    """Return name, label, kind and autocompletion of the fields of a person on a card."""
    return [(name, gettext(label), kind, "off") for name, label, kind in PERSON_FIELDS]


async def card_choices(its: Services, user: User) -> Choices:
    """Return the lists of the card that are valid today for the user's organisation."""
    organisation = user.organisation.id
    return Choices(
        types=await its.classifier.types(organisation),
        channels=await its.classifier.channels(organisation),
        sources=await its.classifier.sources(organisation),
        kinships=await its.classifier.kinships(organisation),
        complaints=await its.classifier.complaint_types(organisation),
        initiators=[(code.value, gettext(word)) for code, word in INITIATORS.items()],
        justified=[(code.value, gettext(word)) for code, word in JUSTIFIED.items()],
        favourites=await its.card.favourites.of(user),
        last_topic=await its.card.favourites.last(user),
        may_write=user.may(Right.APPEAL_CREATE_WRITTEN),
    )


async def topic_title(its: Services, user: User, code: str) -> str:
    """Return the words of a topic; empty for a code that is not (any more) in the list."""
    if not code:
        return ""
    found = await its.classifier.topics("", "", user.organisation.id)
    return next((topic.title for topic in found if topic.code == code), "")


async def _colleagues(its: Services, user: User) -> list[object]:
    """Return the people at work to whom a call can be handed, with their live state."""
    at_work = its.desk.board().presence
    entries = await its.staff.directory("", 200)
    return [
        directory_person(its, entry)
        for entry in entries
        if entry.extension in at_work and entry.extension != user.extension
    ]


async def _opened(its: Services, user: User, key: str) -> tuple[CardCall, Call | None, list[CallPart]]:
    """Return the call whose card is opened: as the card shows it, and itself while it goes on; and what it left.

    :raises NotFound: there is no such call.
    :raises Forbidden: it goes on, and is not his.
    """
    if its.live_call(key) is None:
        with suppress(NotFound):
            return await _over(its, user, key)
        # His telephone alone has told of it. No news of Asterisk can come for which it would make sense to wait.
        deaf = all(one.link_state is not LinkState.UP for one in its.cti.values())
        if deaf and await its.drafts.of_call(user, key) is not None:
            raise NotFound("nothing but its card is known of this call")
    live = await _live(its, user, key)
    return (live_card_call(live, its), live, []) if live is not None else await _over(its, user, key)


async def _over(its: Services, user: User, key: str) -> tuple[CardCall, None, list[CallPart]]:
    row = await its.calls.get(user, key)
    return stored_card_call(row), None, await call_parts(its, user, [row])


async def _live(its: Services, user: User, key: str) -> Call | None:
    """Only who rings or talks in a live call, or is about to, may open its card, and who may watch all calls."""
    watches = user.may(Right.CALL_MONITOR)
    live = its.live_call(key)
    if live is None or not watches:
        live = await live_part(its, key, user.extension)
    if live is not None and not watches and not takes_part(its, live, user.extension):
        raise Forbidden("this call is not offered to you")
    return live


def _number_of(call: Call) -> str | None:
    return call.dialled if call.direction is Direction.OUT else call.caller


def _other_party(row: CallRow) -> str | None:
    return row.dialled if row.direction == Direction.OUT else row.caller
