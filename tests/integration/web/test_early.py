"""Requests that overtake Asterisk's own report: the right follows from what has begun, or the request waits for it."""

from __future__ import annotations

import asyncio

import pytest

from hotline.cti.callstate import LiveCall
from hotline.cti.model import CallEventKind, Phase
from hotline.cti.transfers import TransferState
from hotline.errors import Unavailable
from tests.integration.web.conftest import KEY, NOW, Site, card_fields, event
from tests.integration.web.test_card import CARD, autosave, draft_of


def live(site: Site) -> LiveCall:
    call = site.services.cti["pbx1"].tracker.live(KEY)
    assert call is not None
    return call


def talks(site: Site, extension: str) -> None:
    """The report that an operator has the citizen."""
    call = live(site)
    call.ringing.clear()
    call.operator, call.phase, call.answered_at = extension, Phase.TALKING, NOW
    site.bus.publish(event(CallEventKind.ANSWERED, call.freeze(), extension))


def rings(site: Site, extension: str) -> None:
    """The report that a telephone rings."""
    call = live(site)
    call.ringing.append(extension)
    site.bus.publish(event(CallEventKind.OFFERED, call.freeze(), extension))


async def somebody_waits(site: Site) -> None:
    """A request is there and waits for news of its call. Nothing else tells so than that it listens."""
    async with asyncio.timeout(5):
        while not any(one.name == "web.early" for one in site.bus.subscriptions):  # noqa: ASYNC110
            await asyncio.sleep(0)


@pytest.mark.parametrize("verb", ["consult", "transfer"])
async def test_the_card_is_open_to_whom_a_transfer_has_begun_to(
    site: Site, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    """The colleague's browser asks as soon as it is told; his telephone does not even ring yet."""
    asterisk_answers = asyncio.Event()

    async def slow(*_: object) -> None:
        await asterisk_answers.wait()
        raise Unavailable("no link")

    monkeypatch.setattr(site.services.cti["pbx1"].commands, "set_variable", slow)
    site.ring("101")
    async with (
        site.logged_in("anna") as anna,
        site.logged_in("vera") as vera,
        site.logged_in("boris") as boris,
        vera.events() as events,
        asyncio.TaskGroup() as group,
    ):
        draft = draft_of((await anna.fragment(CARD)).text)
        await autosave(anna, draft, 0, **card_fields(content="Сложный вопрос"))
        talks(site, "101")
        asked = group.create_task(anna.api("POST", f"/api/calls/{KEY}/{verb}", {"extension": "201"}))
        assert (await events.next("consult.offer"))["card_id"] == f"draft-{draft}"
        transfer = site.services.cti["pbx1"].transfers.get(KEY)
        assert transfer is not None
        assert transfer.state is TransferState.STARTING
        card = await vera.fragment(CARD)
        assert card.status == 200
        assert "Сложный вопрос" in card.text
        assert "fieldset disabled" in card.text
        assert (await boris.fragment(CARD)).status == 403
        asterisk_answers.set()
    assert asked.result().status == 503


async def test_the_card_waits_for_the_ring_that_the_browser_heard_first(site: Site) -> None:
    site.ring("102")
    async with site.logged_in("anna") as anna, asyncio.TaskGroup() as group:
        card = group.create_task(anna.fragment(CARD))
        await somebody_waits(site)
        rings(site, "101")
    assert card.result().status == 200
    assert not [one for one in site.bus.subscriptions if one.name == "web.early"]


async def test_the_card_waits_for_a_call_that_is_not_known_at_all_yet(site: Site) -> None:
    async with site.logged_in("anna") as anna, asyncio.TaskGroup() as group:
        card = group.create_task(anna.fragment(CARD))
        await somebody_waits(site)
        site.ring("101")
    assert card.result().status == 200


async def test_a_call_that_never_comes_is_not_found(site: Site) -> None:
    async with site.logged_in("anna") as anna:
        assert (await anna.fragment(CARD)).status == 404


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("recording/pause", {"field": "applicant_enp"}, (409, "not-recorded")),
        ("hold", {}, (503, "asterisk-unavailable")),
        ("transfer", {"extension": "999"}, (404, "no-such-colleague")),
    ],
)
async def test_who_has_just_answered_is_not_told_that_the_call_is_not_his(
    site: Site, path: str, body: dict[str, str], expected: tuple[int, str]
) -> None:
    """Each of these is refused for its own reason in the end, which comes after the check of whose call it is."""
    site.ring("101")
    async with (
        site.logged_in("anna") as anna,
        site.logged_in("boris") as boris,
        asyncio.TaskGroup() as group,
    ):
        foreign = await boris.api("POST", f"/api/calls/{KEY}/{path}", body)
        assert (foreign.status, foreign.json()["error_id"]) == (403, "not-your-call")
        asked = group.create_task(anna.api("POST", f"/api/calls/{KEY}/{path}", body))
        await somebody_waits(site)
        talks(site, "101")
    assert (asked.result().status, asked.result().json()["error_id"]) == expected
