"""The card goes along with a transferred call (S001-016, M-03): shown to the colleague while he is asked, his when the
citizen is. Who may get the record is decided by ``journal.handover``; the telephone has moved by then in any case.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from hotline.cti.model import Call, CallEvent, CallEventKind, ConsultEnded, ConsultOffered
from hotline.errors import HotlineError
from hotline.journal.model import CardRef, Draft
from hotline.web.push import PushHub
from hotline.web.push_messages import message
from hotline.web.services import Services

log = logging.getLogger(__name__)

DONE = "done"


def card_ref(text: str | None) -> CardRef | None:
    """Read the card id that travels with a call; ``None`` when there is none or it is not one of ours."""
    try:
        return CardRef.parse(text) if text else None
    except ValueError:
        return None


class CardCourier:
    """Follows consultations and hands the cards over. One instance a process, fed by the bus."""

    def __init__(self, services: Services, hub: PushHub) -> None:
        self._services = services
        self._hub = hub
        self._offers: dict[str, ConsultOffered] = {}
        self._inherited: set[str] = set()
        """Calls whose offer is no colleague's question: the citizen comes from the queue, with a card."""
        self._began = services.clock.now()
        self._stop: Callable[[], Awaitable[None]] | None = None

    def start(self) -> None:
        """Subscribe. Must be called in the running loop."""
        self._stop = self._services.bus.subscribe(
            ConsultOffered, ConsultEnded, CallEvent, handler=self._on_fact, name="card-courier"
        )
        # What was found running after a restart of the service may have been told before anybody listened.
        for cti in self._services.cti.values():
            self._offers |= {offer.call.key: offer for offer in cti.transfers.offers()}

    async def close(self) -> None:
        """Unsubscribe."""
        if self._stop is not None:
            await self._stop()
            self._stop = None

    def offer_to(self, call_key: str, extension: str | None) -> ConsultOffered | None:
        """Return the running consultation of a call in which ``extension`` is being asked.

        A transfer that has just begun counts at once: whoever asks may be quicker than the bus.
        """
        began = (offer for cti in self._services.cti.values() for offer in cti.transfers.offers())
        offer = next((offer for offer in began if offer.call.key == call_key), self._offers.get(call_key))
        return offer if offer is not None and offer.to_extension == extension else None

    async def _on_fact(self, fact: object) -> None:
        match fact:
            case ConsultOffered():
                self._offers[fact.call.key] = fact
                self._inherited.discard(fact.call.key)
            case ConsultEnded():
                offer = self._offers.get(fact.call_key)
                if offer is not None and fact.status == DONE:
                    # A call out of the queue may have been picked up while it rang at somebody else's.
                    lost = self._inherits(fact.call_key, fact.to_extension)
                    await self._hand_over(offer, operator_lost=lost)
                # Only now: who asks for the card meanwhile is shown his colleague's, and is not given an empty one.
                self._forget(fact.call_key)
            # Who picks up a call that somebody has had already is rung as a consulted colleague is.
            case CallEvent(kind=CallEventKind.OFFERED | CallEventKind.CONSULTING, extension=str(extension)):
                await self.inherit(fact.call, extension)
            case CallEvent(kind=CallEventKind.OFFER_ENDED, extension=str(extension)):
                if self._inherits(fact.call.key, extension):
                    self._forget(fact.call.key)
            case CallEvent(kind=CallEventKind.TRANSFERRED | CallEventKind.ANSWERED, extension=str(extension)):
                if self._inherits(fact.call.key, extension):
                    await self._hand_over(self._offers[fact.call.key], operator_lost=True)
                    self._forget(fact.call.key)
            case CallEvent(kind=CallEventKind.ENDED):
                # The end of the consultation may have been missed; a finished call has none.
                self._forget(fact.call.key)

    def _forget(self, call_key: str) -> None:
        self._offers.pop(call_key, None)
        self._inherited.discard(call_key)

    def _inherits(self, call_key: str, extension: str) -> bool:
        offer = self._offers.get(call_key)
        return call_key in self._inherited and offer is not None and offer.to_extension == extension

    async def inherit(self, call: Call, extension: str) -> None:
        """The queue rings the next operator for a citizen whose operator was lost: he reads what is written already.

        Asked by the card's page as well, which may be quicker than the bus: an empty card must not be made meanwhile.
        """
        if call.key in self._offers:
            return
        left = await self._left_behind(call)
        if left is not None and left[0] != extension:
            former, draft = left
            now = self._services.clock.now()
            card = str(CardRef("draft", draft.id))
            self._offers[call.key] = ConsultOffered(call.asterisk, call, former, extension, card, now)
            self._inherited.add(call.key)

    async def _left_behind(self, call: Call) -> tuple[str, Draft] | None:
        """Return the card of who talked with the citizen before, and his number; ``None``: there is none."""
        its = self._services
        if call.operator is not None:
            former = await its.staff.by_extension(call.operator) if call.answered_at is not None else None
            draft = await its.drafts.of_call(former, call.key) if former is not None else None
        elif call.started_at < self._began:
            # Asterisk tells who is in a call, not who was: after our restart only the card itself knows its operator.
            draft = await its.drafts.written(call.key)
            former = await its.staff.user(draft.user_id) if draft is not None else None
        else:
            return None
        return (former.extension, draft) if former is not None and former.extension and draft is not None else None

    async def _hand_over(self, offer: ConsultOffered, *, operator_lost: bool = False) -> None:
        card = card_ref(offer.card_id)
        moved, reason = False, "no-card"
        if card is not None:
            try:
                moved, reason = await self._move(card, offer.from_extension, offer.to_extension, operator_lost)
            except HotlineError as error:
                log.warning("the card %s of %s was not handed over: %s", card, offer.call.key, error.error_id)
                reason = error.error_id
        told = {
            "call_key": offer.call.key,
            "card_id": offer.card_id,
            "moved": moved,
            "reason": reason,
            "to": offer.to_extension,
        }
        parties = (offer.from_extension, offer.to_extension)
        await self._hub.to_extensions(parties, message("card.handed", told))

    async def _move(
        self, card: CardRef, from_extension: str, to_extension: str, operator_lost: bool
    ) -> tuple[bool, str]:
        sender = await self._services.staff.by_extension(from_extension)
        target = await self._services.staff.by_extension(to_extension)
        if sender is None or target is None:
            return False, "no-such-user"
        result = await self._services.hand_overs.hand_over(sender, card, target.id, operator_lost=operator_lost)
        return result.moved, result.reason
