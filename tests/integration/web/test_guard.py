"""Only honest requests come through: session, Origin, token, size; and every answer carries the headers."""

from __future__ import annotations

import io
import logging
import re

import aiohttp
import pytest
from aiohttp import web

from hotline.web.app import make_app
from hotline.web.assets import BUILD_DIR, PREFIX, Assets
from hotline.web.middlewares import BODY_LIMIT, BODY_LIMITS, MONITORED, PUBLIC
from tests.integration.web.conftest import KEY, MONITORING_TOKEN, Site, card_fields, routes


@pytest.fixture
def site(shared_site: Site) -> Site:
    """What is refused changes nothing, so these tests share one application."""
    return shared_site


def routes_of(app: web.Application) -> list[tuple[str, str]]:
    """Every method and address of the application, with values for the parts that vary."""
    return sorted({(method, path) for method, _, path in routes(app, "1")})


async def test_every_address_but_the_public_ones_needs_a_session(site: Site) -> None:
    app = make_app(site.services)
    closed = [(method, path) for method, path in routes_of(app) if path not in PUBLIC]
    assert len(closed) > 25
    async with site.visit() as browser:
        for method, path in closed:
            extra = {"Upgrade": "websocket", "Origin": site.url} if path in {"/events", "/sip"} else {}
            page = await browser.send(method, path, extra=extra)
            data = await browser.send(method, path, accept="application/json", extra=extra)
            fragment = await browser.send(method, path, extra=extra, HX_Request="true")
            safe = method == "GET" and not path.startswith("/api/")
            assert page.status == (303 if safe else 401), (method, path)
            assert data.status == fragment.status == 401, (method, path)
            assert data.json()["error_id"] == "not-authenticated"
            if safe:
                assert page.headers["Location"].startswith("/login"), path


async def test_the_public_addresses_are_these(site: Site) -> None:
    entry = {"/login", "/login/factor", "/login/oidc", "/login/oidc/back", "/login/oidc/leave", "/password/link"}
    assert entry | {"/health", "/api/v1/openapi.json", "/static/build"} == PUBLIC
    async with site.visit() as browser:
        assert (await browser.get("/login")).status == 200
        assert (await browser.get("/health")).json() == {"alive": True}


async def test_logging_in_leads_back_without_the_query(site: Site) -> None:
    async with site.visit() as browser:
        answer = await browser.get("/journal?q=Иванова")
    assert answer.headers["Location"] == "/login?next=/journal"


@pytest.mark.parametrize("origin", [None, "", "null", "https://evil.example", "http://127.0.0.1", "http://127.0.0.1:1"])
async def test_state_is_changed_only_from_our_own_page(site: Site, origin: str | None) -> None:
    async with site.logged_in() as browser:
        answer = await browser.send(
            "POST",
            "/appeals",
            form=card_fields(applicant_last_name="Подделкина"),
            accept="application/json",
            Origin=origin,
            Idempotency_Key="forged",
        )
        journal = await browser.fragment("/journal?q=Подделкина")
    assert (answer.status, answer.json()["error_id"]) == (403, "foreign-origin")
    assert "Ничего не найдено" in journal.text


@pytest.mark.parametrize("token", [None, "", "wrong", "ж"])
async def test_state_is_changed_only_with_the_sessions_token(site: Site, token: str | None) -> None:
    async with site.logged_in() as browser:
        form = card_fields() | ({"csrf_token": token} if token is not None else {})
        by_form = await browser.send("POST", "/appeals", form=form, accept="application/json", X_CSRF_Token=None)
        by_json = await browser.api("POST", "/api/operator/ready", X_CSRF_Token="wrong")
    assert (by_form.status, by_form.json()["error_id"]) == (403, "bad-csrf-token")
    assert (by_json.status, by_json.json()["error_id"]) == (403, "bad-csrf-token")


async def test_a_form_may_carry_the_token_itself(site: Site) -> None:
    async with site.logged_in() as browser:
        form = card_fields(csrf_token=browser.csrf)
        answer = await browser.send("POST", "/appeals", form=form, X_CSRF_Token=None, Idempotency_Key="by form")
    assert answer.status == 303


async def test_the_token_of_another_session_does_not_fit(site: Site) -> None:
    async with site.logged_in("anna") as anna, site.logged_in("boris") as boris:
        answer = await anna.api("POST", "/api/operator/ready", X_CSRF_Token=boris.csrf)
    assert answer.json()["error_id"] == "bad-csrf-token"


@pytest.mark.parametrize("path", ["/events", "/sip"])
@pytest.mark.parametrize("origin", [None, "https://evil.example"])
async def test_websockets_are_refused_from_elsewhere(site: Site, path: str, origin: str | None) -> None:
    async with site.logged_in() as browser:
        headers = {"Origin": origin} if origin else {}
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with browser.http.ws_connect(path, headers=headers):
                pass
    assert refused.value.status == 403


@pytest.mark.parametrize(
    ("path", "limit"),
    [("/api/operator/pause", BODY_LIMIT), ("/login", BODY_LIMIT), ("/appeals", BODY_LIMITS["/appeals"])],
)
async def test_oversized_bodies_are_refused_before_they_are_read(site: Site, path: str, limit: int) -> None:
    async with site.logged_in() as browser:
        headers = {"Origin": site.url, "X-CSRF-Token": browser.csrf, "Accept": "application/json"}
        async with browser.http.post(path, data=io.BytesIO(b"x" * (limit + 1)), headers=headers) as answer:
            assert answer.status == 413
            body = await answer.json()
    assert body["error_id"] == "too-large"
    assert body["details"] == {"limit_bytes": limit}


async def test_a_card_of_the_longest_text_fits(site: Site) -> None:
    async with site.logged_in() as browser:
        form = card_fields(content="я" * 99_999, measures="ю" * 99_999)
        answer = await browser.send("POST", "/appeals", form=form, accept="application/json", Idempotency_Key="long")
    assert answer.status == 200, answer.text


async def test_a_body_of_unknown_length_is_refused(site: Site) -> None:
    async def chunks() -> object:
        yield b"login=a"

    async with site.visit() as browser:
        headers = {"Origin": site.url, "Accept": "application/json"}
        async with browser.http.post("/login", data=chunks(), headers=headers) as answer:
            assert answer.status == 411
            assert (await answer.json())["error_id"] == "length-required"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"reason": 5}', b'{"x": "y"}', b"\xff\xfe", b"\x00" * 10]
)
async def test_malformed_json_is_named(site: Site, body: bytes) -> None:
    async with site.logged_in() as browser:
        headers = {"Origin": site.url, "X-CSRF-Token": browser.csrf, "Content-Type": "application/json"}
        async with browser.http.post("/api/operator/pause", data=body, headers=headers) as answer:
            assert answer.status == 400
            assert (await answer.json())["error_id"] == "bad-json"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        pytest.param("text/plain", b"login=a", id="not a form"),
        pytest.param("multipart/form-data; boundary=x", b"--x\r\nnonsense", id="multipart"),
        pytest.param("application/x-www-form-urlencoded; charset=nonsense", b"login=a", id="unknown charset"),
        pytest.param("application/x-www-form-urlencoded", b"&".join(b"f%d=1" % n for n in range(300)), id="too many"),
        pytest.param("application/x-www-form-urlencoded", b"login=a&login=b", id="repeated"),
        pytest.param("application/x-www-form-urlencoded", b"login=%00", id="zero"),
        pytest.param("application/json", b'{"login": 5}', id="json of another shape"),
    ],
)
async def test_malformed_forms_are_refused(site: Site, content_type: str, body: bytes) -> None:
    async with site.visit() as browser:
        headers = {"Origin": site.url, "Accept": "application/json", "Content-Type": content_type}
        async with browser.http.post("/login", data=body, headers=headers) as answer:
            assert answer.status == 400, await answer.text()
            assert (await answer.json())["error_id"] in {"bad-form", "bad-json", "bad-text"}


async def test_wrong_methods_are_named(site: Site) -> None:
    async with site.logged_in() as browser:
        answer = await browser.api("PUT", "/appeals")
    assert (answer.status, answer.json()["error_id"]) == (405, "method-not-allowed")


async def test_every_answer_carries_the_security_headers(site: Site) -> None:
    async with site.logged_in() as browser:
        answers = [
            await browser.get("/journal"),
            await browser.get("/nowhere"),
            await browser.get("/metrics"),
            await browser.api("POST", "/api/operator/ready"),
        ]
    for answer in answers:
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Strict-Transport-Security" not in answer.headers  # not over http


async def test_the_request_id_is_ours_unless_a_sane_one_was_given(site: Site) -> None:
    async with site.visit() as browser:
        given = await browser.get("/health", X_Request_Id="from-the-proxy-1")
        strange = await browser.get("/health", X_Request_Id="a b;c")
    assert given.headers["X-Request-Id"] == "from-the-proxy-1"
    assert re.fullmatch(r"[0-9a-f]{16}", strange.headers["X-Request-Id"])


async def test_the_access_log_names_nobody(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "hotline.access"):
        async with site.logged_in() as browser:
            await browser.send("POST", "/persons/search", form={"q": "Иванова"})
            await browser.fragment("/directory?q=Иванова")
            await browser.get(f"/calls/{KEY}/card")
    lines = [record.getMessage() for record in caplog.records if record.name == "hotline.access"]
    assert any("/persons/search 200" in line for line in lines)
    assert any("/calls/{key}/card 404" in line for line in lines)
    assert not any("Иванова" in line or "%D0" in line or KEY in line for line in lines)


@pytest.mark.parametrize("path", sorted(MONITORED))
async def test_monitoring_has_a_token_of_its_own(site: Site, path: str) -> None:
    async with site.visit() as browser:
        good = await browser.send("GET", path, accept="application/json", Authorization=f"Bearer {MONITORING_TOKEN}")
        bad = await browser.send("GET", path, accept="application/json", Authorization="Bearer wrong")
    assert good.status in {200, 503}
    assert bad.status == 401


async def test_status_tells_what_is_wrong(site: Site) -> None:
    async with site.logged_in() as browser:
        answer = await browser.get("/status")
    body = answer.json()
    assert answer.status == 503
    assert body["ok"] is False
    assert body["database"]["ok"] is True
    assert body["links"]["pbx1"]["state"] != "up"
    assert {"push:calls", "push:board", "card-courier"} <= {one["name"] for one in body["bus"]}


async def test_metrics_have_patterns_not_addresses(site: Site) -> None:
    async with site.logged_in() as browser:
        await browser.get(f"/calls/{KEY}/card")
        await browser.get("/nowhere/at/all")
        text = (await browser.get("/metrics")).text
    assert 'route="/calls/{key}/card"' in text
    assert 'route="(unknown)"' in text
    assert "hotline_push_clients 0.0" in text
    assert "hotline_sip_connected 0.0" in text
    assert 'hotline_sip_messages_total{direction="from_browser"} 0.0' in text
    assert 'hotline_bus_waiting{subscriber="push:calls"}' in text
    assert KEY not in text
    assert "nowhere" not in text


async def test_built_files_may_be_kept_under_their_hash_only(site: Site) -> None:
    assets = Assets()
    if not BUILD_DIR.is_dir():
        pytest.skip("the front-end is not built")
    async with site.visit() as browser:
        hashed = await browser.get(assets.url("desk.css"))
        font = await browser.get(f"{PREFIX}/{next(BUILD_DIR.glob('*.woff2')).name}")
        missing = await browser.get(f"{PREFIX}/gone-ABCDEFGH.woff2")
        plain = await browser.get(f"{PREFIX}/desk.css")
        outside = await browser.get(f"{PREFIX}/../../app.py")
    assert "immutable" in hashed.headers["Cache-Control"]
    assert "immutable" in font.headers["Cache-Control"]
    assert missing.headers["Cache-Control"] == "no-store"
    assert plain.headers["Cache-Control"] == "no-store"
    assert outside.status in {303, 404}
