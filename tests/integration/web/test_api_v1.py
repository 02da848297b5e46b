"""The interface for other systems (issue 6, "API"): tokens, rights, limits, lists, registering and moving appeals."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import text

from hotline.staff.token_rules import well_formed, written
from hotline.staff.tokens import NewToken
from tests.integration.web.conftest import CALLER, PASSWORD, Site, card_fields, ended_call
from tests.integration.web.tokens import ask, token_of

NEW = {
    "type": "2",
    "topic": "2.01",
    "channel": "K01",
    "source": "I01",
    "content": "Как получить полис?",
    "applicant": {"last_name": "Иванова", "first_name": "Мария", "phone": CALLER},
}


async def test_a_token_is_shown_once_and_only_its_hash_is_kept(site: Site) -> None:
    """Issue 6: 256 random bits with a prefix that scanners know, made on the page of an administrator, audited."""
    async with site.logged_in("admin") as admin:
        page = await admin.get("/admin/tokens")
        home = re.search(r'<option value="(\d+)" selected>ТФОМС', page.text)
        assert home is not None
        form = {"title": "CRM", "login": "api.crm", "organisation_id": home[1], "role_op1": "1"}
        account = (await admin.send("POST", "/admin/tokens/accounts", form=form, accept="application/json")).json()
        form = {"account": str(account["id"]), "title": "ночной обмен", "days": "30", "right_appeal.create": "1"}
        shown = await admin.send("POST", "/admin/tokens", form=form)
        secret = re.search(r'value="(hln_[^"]+)"', shown.text)
        assert secret is not None
        assert well_formed(secret[1])
        answer = await ask(admin, secret[1], "GET", "/api/v1/token")
        after = await admin.get("/admin/tokens")
    assert (answer.status, answer.json()["rights"]) == (200, ["appeal.create"])
    assert secret[1] not in after.text
    assert secret[1][:8] in after.text
    async with site.services.database.begin() as session:
        rows = await session.execute(text("SELECT to_jsonb(t)::text FROM api_token t"))
        stored = rows.scalar_one()
        notes = await session.execute(text("SELECT action, details->>'what' FROM audit_event WHERE entity = 'token'"))
        noted = {tuple(row) for row in notes}
    assert secret[1][8:] not in stored
    assert noted == {("change", None), ("api", "GET /api/v1/token")}


async def test_a_service_account_never_logs_in_and_nobody_forwards_to_it(site: Site) -> None:
    """Issue 6: what a token does is its own; a password of the same account opens nothing."""
    await token_of(site, "op2", login="api.op2")
    its = site.services
    await its.staff.set_password("api.op2", PASSWORD, by=None)
    async with site.visit() as browser:
        refused = await browser.send(
            "POST", "/login", json={"login": "api.op2", "password": PASSWORD}, accept="application/json"
        )
    assert (refused.status, refused.json()["error_id"]) == (401, "wrong-password")
    async with site.logged_in() as anna:
        saved = await anna.send(
            "POST", "/appeals", form=card_fields(), accept="application/json", Idempotency_Key="to-nobody"
        )
        dialog = await anna.get(f"/appeals/{saved.json()['id']}/moves/forward")
    assert "Верина" in dialog.text
    assert "CRM" not in dialog.text


async def test_what_does_not_work_any_more_is_refused(site: Site) -> None:
    """Issue 6: no token, a foreign one, one taken back, one too old, a switched-off account, a session: all 401."""
    its = site.services
    token = await token_of(site)
    by = (await its.staff.log_in("admin", PASSWORD, ip="")).user
    account = (await its.staff.tokens.accounts(by))[0]
    second = (await its.staff.tokens.make(by, NewToken(account.id, "kept", frozenset({"call.take"}), 2))).secret
    first = next(one for one in await its.staff.tokens.all(by) if one.title == "tests")
    told = []
    async with site.logged_in() as browser:
        nothing = await ask(browser, None, "GET", "/api/v1/token")
        foreign = ("", "x", token[:-1] + ("0" if token[-1] != "0" else "1"), written(b"\0" * 32))
        told += [await ask(browser, secret, "GET", "/api/v1/token") for secret in foreign]
        assert (await ask(browser, token, "GET", "/api/v1/token")).status == 200
        await its.staff.tokens.revoke(by, first.id)
        told.append(await ask(browser, token, "GET", "/api/v1/token"))
        assert (await ask(browser, second, "GET", "/api/v1/token")).status == 200
        site.clock.advance(timedelta(days=2))
        told.append(await ask(browser, second, "GET", "/api/v1/token"))
    assert (nothing.status, nothing.json()["error_id"]) == (401, "not-authenticated")
    assert {(one.status, one.json()["error_id"]) for one in told} == {(401, "bad-token")}
    assert {one.headers["WWW-Authenticate"] for one in told} == {"Bearer"}
    assert {one.headers["Content-Type"] for one in told} == {"application/problem+json"}


async def test_a_token_opens_its_own_rights_and_no_page(site: Site) -> None:
    """S000-01: of the account's rights those that the token has; a right denied to the account is gone from it."""
    narrow = await token_of(site, "supervisor", rights={"call.monitor"})
    async with site.visit() as browser:
        assert (await ask(browser, narrow, "GET", "/api/v1/board")).status == 200
        refused = await ask(browser, narrow, "GET", "/api/v1/appeals")
        for page in ("/journal", "/api/board", "/admin"):
            assert (await ask(browser, narrow, "GET", page)).status == 401
        async with site.services.database.begin() as session:
            await session.execute(
                text(
                    "INSERT INTO staff_user_right (user_id, right_code, effect)"
                    " SELECT id, 'call.monitor', 'deny' FROM staff_user WHERE login = 'api.supervisor'"
                )
            )
        denied = await ask(browser, narrow, "GET", "/api/v1/board")
    assert [(one.status, one.json()["error_id"]) for one in (refused, denied)] == [(403, "no-right")] * 2


async def test_too_many_requests_of_one_token_wait(site: Site) -> None:
    """Issue 6: 429 with ``Retry-After``; another token goes on; after that time this one does as well."""
    first, second = await token_of(site), await token_of(site, "op2")
    async with site.visit() as browser:
        statuses = [(await ask(browser, first, "GET", "/api/v1/token")).status for _ in range(600)]
        refused = await ask(browser, first, "GET", "/api/v1/token")
        other = await ask(browser, second, "GET", "/api/v1/token")
        site.clock.advance(timedelta(seconds=int(refused.headers["Retry-After"])))
        again = await ask(browser, first, "GET", "/api/v1/token")
    assert set(statuses) == {200}
    assert (refused.status, refused.json()["error_id"], refused.headers["Retry-After"]) == (
        429,
        "too-many-requests",
        "1",
    )
    assert (other.status, again.status) == (200, 200)


async def test_an_appeal_is_registered_once_and_moved_from_the_version_that_was_seen(site: Site) -> None:
    """Issue 6, S000-04: Idempotency-Key, ETag and If-Match; the move goes through the desk's own door."""
    token = await token_of(site)
    async with site.visit() as browser:
        made = await ask(browser, token, "POST", "/api/v1/appeals", NEW, Idempotency_Key="crm-1")
        twice = await ask(browser, token, "POST", "/api/v1/appeals", NEW, Idempotency_Key="crm-1")
        path = made.headers["Location"]
        seen = await ask(browser, token, "GET", path)
        move, first = f"{path}/moves/forward", seen.headers["ETag"]
        blind = await ask(browser, token, "POST", move, {})
        empty = await ask(browser, token, "POST", move, {}, If_Match=first)
        vera = await site.services.staff.by_extension("201")
        assert vera is not None
        body = {"comment": "прошу принять", "to": {"user_id": vera.id}}
        moved = await ask(browser, token, "POST", move, body, If_Match=first)
        stale = await ask(browser, token, "POST", f"{path}/moves/recall", {}, If_Match=first)
        back = await ask(browser, token, "POST", f"{path}/moves/recall", {}, If_Match=moved.headers["ETag"])
        unknown = await ask(browser, token, "POST", f"{path}/moves/nothing", {}, If_Match=back.headers["ETag"])
    assert (made.status, twice.status) == (201, 201)
    assert made.json()["id"] == twice.json()["id"]
    assert seen.json()["applicant"]["last_name"] == "Иванова"
    assert seen.json()["phase"] == "active"
    assert (blind.status, blind.json()["error_id"]) == (428, "if-match-required")
    assert (empty.status, list(empty.json()["details"])) == (400, ["to"])
    assert (moved.status, moved.json()["phase"], moved.json()["forwarded_to"]["code"]) == (
        200,
        "incoming",
        str(vera.id),
    )
    assert (stale.status, stale.json()["error_id"]) == (412, "stale-appeal")
    assert (back.status, back.json()["phase"]) == (200, "active")
    assert (unknown.status, unknown.json()["error_id"]) == (409, "illegal-move")


async def test_lists_go_page_by_page_and_take_no_words_in_an_address(site: Site) -> None:
    """S000-05, DAY-29: a keyset cursor brings every appeal once; searching by a name is a POST."""
    token = await token_of(site)
    async with site.visit() as browser:
        for number in range(5):
            made = await ask(browser, token, "POST", "/api/v1/appeals", NEW, Idempotency_Key=f"page-{number}")
            assert made.status == 201, made.text
        seen: list[int] = []
        after = ""
        while True:
            tail = f"&after={after}" if after else ""
            page = (await ask(browser, token, "GET", f"/api/v1/appeals?limit=2{tail}")).json()
            seen += [one["id"] for one in page["appeals"]]
            after = page["after"]
            if after is None:
                break
        found = await ask(browser, token, "POST", "/api/v1/appeals/search", {"q": "иван"})
        word = await ask(browser, token, "GET", "/api/v1/appeals?q=x")
        void = await ask(browser, token, "GET", "/api/v1/appeals?received_to=null")
        double = await ask(browser, token, "GET", "/api/v1/appeals?type=1&type=2")
    assert len(seen) == len(set(seen)) == 5
    assert len(found.json()["appeals"]) == 5
    assert [one.json()["error_id"] for one in (word, void, double)] == ["bad-input"] * 3


async def test_calls_recordings_directory_and_board_are_given_out(site: Site) -> None:
    """S002-01, S001-034: within the account's sight, with citizens' numbers masked for who need not see them."""
    await site.services.calls.record(ended_call(recorded=True))
    boss, operator = await token_of(site, "supervisor"), await token_of(site)
    async with site.visit() as browser:
        listed = (await ask(browser, boss, "GET", "/api/v1/calls")).json()["calls"]
        key = listed[0]["key"]
        one = (await ask(browser, boss, "GET", f"/api/v1/calls/{key}")).json()
        sound = (await ask(browser, boss, "GET", f"/api/v1/calls/{key}/recording")).json()
        foreign = await ask(browser, operator, "GET", f"/api/v1/calls/{key}")
        people = (await ask(browser, boss, "POST", "/api/v1/directory/search", {"q": "анн"})).json()["people"]
        board = (await ask(browser, boss, "GET", "/api/v1/board")).json()
    assert one == listed[0]
    assert one["masked"]
    assert CALLER not in str(one)
    assert (sound["state"], sound["seconds"]) == ("waiting", None)
    assert (foreign.status, foreign.json()["error_id"]) == (404, "no-such-call")
    assert [person["extension"] for person in people] == ["101"]
    assert board["queues"][0]["queue"] == "hotline"


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/api/v1/nothing", 404), ("DELETE", "/api/v1/appeals", 405)]
)
async def test_what_is_not_there_is_a_problem_as_well(shared_site: Site, method: str, path: str, status: int) -> None:
    """RFC 9457: errors of every kind have one form."""
    async with shared_site.visit() as browser:
        answer = await ask(browser, None, method, path)
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert answer.json()["status"] == status
    if status == 405:
        assert set(answer.headers["Allow"].split(",")) == {"GET", "POST"}
