"""A small OpenID provider for tests: real keys, real signatures, real codes with PKCE. What it tells can be bent."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from json import dumps
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlsplit

from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import TestServer
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from hotline.clock import Clock

CLIENT, SECRET = "hotline", "a secret of the tests & more: it is encoded"


@dataclass
class Provider:
    """What it says of the next person, and how it signs that."""

    clock: Clock
    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=lambda: {"sub": "1", "preferred_username": "anna"})
    forged: dict[str, Any] = field(default_factory=dict)
    """Claims that take the place of the right ones; ``None`` leaves one out."""
    signing: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "first", "use": "sig"}))
    published: list[ECKey] = field(default_factory=list)
    algorithm: str = "ES256"
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.published = [self.signing]

    def come_back(self, address: str) -> str:
        """What the provider does after its own login page: the path and query with which the browser comes back."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        return f"{urlsplit(query['redirect_uri']).path}?code={code}&state={query['state']}"

    async def authorize(self, request: web.Request) -> web.Response:
        """Its login page, for a browser: who comes is logged in there already and goes back at once."""
        back = request.query["redirect_uri"]
        place = f"{urlsplit(back).scheme}://{urlsplit(back).netloc}{self.come_back(str(request.url))}"
        return web.Response(status=303, headers={"Location": place})

    async def discovery(self, _: web.Request) -> web.Response:
        self.asked.append("discovery")
        return web.json_response({
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize?tenant=1",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/leave",
        })  # fmt: skip

    async def keys(self, _: web.Request) -> web.Response:
        self.asked.append("keys")
        strange = [{"kty": "future", "kid": "x"}, {"kty": "RSA", "use": "enc", "kid": "y", "n": "AQAB", "e": "AQAB"}]
        return web.json_response({"keys": [*KeySet(list(self.published)).as_dict(private=False)["keys"], *strange]})

    async def token(self, request: web.Request) -> web.Response:
        """RFC 6749 section 4.1.3 and RFC 7636 section 4.6: a code works once, for who began with its verifier."""
        self.asked.append("token")
        sent = await request.post()
        begun = self.codes.pop(str(sent["code"]), None)
        challenge = hashlib.sha256(str(sent["code_verifier"]).encode()).digest()
        right = (
            begun is not None
            and request.headers["Authorization"] == encode_basic_auth(CLIENT, quote_plus(SECRET))
            and sent["redirect_uri"] == begun["redirect_uri"]
            and base64.urlsafe_b64encode(challenge).rstrip(b"=").decode() == begun["code_challenge"]
        )
        if begun is None or not right:
            return web.json_response({"error": "invalid_grant"}, status=400)
        return web.json_response({"access_token": "x", "token_type": "Bearer", "id_token": self.signed(begun["nonce"])})

    def signed(self, nonce: str) -> str:
        now = int(self.clock.now().timestamp())
        times = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce}
        claims = {name: value for name, value in {**times, **self.claims, **self.forged}.items() if value is not None}
        if self.algorithm == "none":
            return ".".join((_part({"alg": "none"}), _part(claims), ""))
        if self.algorithm == "HS256":  # signed with what is public, in the hope that it is taken for a shared secret
            head = f"{_part({'alg': 'HS256', 'kid': self.signing.kid})}.{_part(claims)}"
            made = hmac.digest(self.signing.as_pem(private=False), head.encode(), "sha256")
            return f"{head}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"
        return jwt.encode({"alg": "ES256", "kid": self.signing.kid}, claims, self.signing)


@asynccontextmanager
async def serving(provider: Provider) -> AsyncIterator[Provider]:
    """Run it on a port of its own."""
    app = web.Application()
    app.router.add_get("/.well-known/openid-configuration", provider.discovery)
    app.router.add_get("/keys", provider.keys)
    app.router.add_get("/authorize", provider.authorize)
    app.router.add_post("/token", provider.token)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    provider.issuer = str(server.make_url("")).rstrip("/")
    try:
        yield provider
    finally:
        await server.close()


def _part(value: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(dumps(value).encode()).rstrip(b"=").decode()
