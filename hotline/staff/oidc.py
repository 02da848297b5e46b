"""A client of one OpenID provider: discovery, the authorization code with PKCE, and the check of what comes back.

OpenID Connect Core 1.0 section 3.1, Discovery 1.0, RFC 7636 (PKCE), RFC 9700 (best current practice). Signatures and
claims are checked by ``joserfc``; only asymmetric algorithms are taken, so that neither ``none`` nor our own client
secret can sign.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

import aiohttp
import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from hotline.clock import Clock
from hotline.config import Settings
from hotline.errors import BadInput, NotAuthenticated, Unavailable

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA")
BACK = "/login/oidc/back"
FRESH = timedelta(hours=1)
"""How long discovery and keys are believed without asking again."""
REREAD = timedelta(minutes=1)
"""Keys are read again for an unknown one at most so often: anybody can send a token that names a key."""
AWAY = timedelta(seconds=5)
"""For so long nobody waits anew for a provider that has just not answered."""
LEEWAY_S = 60
MAX_ANSWER = 256 * 1024
_TIMEOUT = aiohttp.ClientTimeout(total=10)
_SCOPES = "openid profile email"


@dataclass(frozen=True, slots=True)
class Trip:
    """What a browser takes along to the provider, in a cookie: whoever comes back without it began elsewhere."""

    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)

    @classmethod
    def begun(cls) -> Trip:
        """Return a new one: 256 random bits each."""
        return cls(*(secrets.token_urlsafe(32) for _ in range(3)))

    @classmethod
    def read(cls, cookie: str) -> Trip | None:
        """Return what :meth:`cookie` wrote, ``None`` for anything else."""
        parts = cookie.split(".")
        return cls(*parts) if len(parts) == 3 and all(len(part) == 43 for part in parts) else None

    @property
    def cookie(self) -> str:
        """The value of the cookie."""
        return f"{self.state}.{self.nonce}.{self.verifier}"


@dataclass(slots=True)
class _Provider:
    facts: Mapping[str, Any]
    keys: KeySet
    read_at: datetime


class OidcClient:
    """Speaks to the provider of the settings.

    :param http: used without cookies; redirects are not followed.
    """

    def __init__(self, settings: Settings, clock: Clock, http: aiohttp.ClientSession) -> None:
        self._issuer = settings.oidc_issuer
        self._client_id = settings.oidc_client_id
        self._secret = settings.oidc_client_secret.get_secret_value()
        self._scopes = " ".join((_SCOPES, *settings.oidc_scopes))
        self._back = f"{settings.public_url.rstrip('/')}{BACK}"
        self._after = f"{settings.public_url.rstrip('/')}/login"
        self._clock = clock
        self._http = http
        self._provider: _Provider | None = None
        self._away_until: datetime | None = None
        self._reading = asyncio.Lock()

    async def address(self, trip: Trip) -> str:
        """Return where the browser goes to log in.

        :raises Unavailable: the provider does not answer as it should (``sign-on-unavailable``).
        """
        provider = await self._known()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(trip.verifier.encode()).digest()).rstrip(b"=").decode()
        return _with_query(
            str(provider.facts["authorization_endpoint"]),
            response_type="code",
            client_id=self._client_id,
            redirect_uri=self._back,
            scope=self._scopes,
            state=trip.state,
            nonce=trip.nonce,
            code_challenge=challenge,
            code_challenge_method="S256",
        )

    async def goodbye(self) -> str | None:
        """Return where the browser goes to log out there as well (RP-Initiated Logout 1.0); ``None``: nowhere."""
        end = (await self._known()).facts.get("end_session_endpoint")
        if not isinstance(end, str):
            return None
        return _with_query(end, client_id=self._client_id, post_logout_redirect_uri=self._after)

    async def claims(self, trip: Trip, state: str, code: str) -> Mapping[str, Any]:
        """Turn the code into what the provider says of the person.

        :raises NotAuthenticated: another state, a refused code, or a token that is not for us, not now or not signed
            by the provider (``sign-on-refused``); the message says which, for the log.
        :raises Unavailable: the provider does not answer as it should.
        """
        if not hmac.compare_digest(state.encode(), trip.state.encode()):
            raise _refused("the state is another browser's")
        provider = await self._known()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._back,
            "client_id": self._client_id,
            "code_verifier": trip.verifier,
        }
        headers = {}
        if self._secret:  # RFC 6749 section 2.3.1; a client without a secret proves itself by the verifier alone
            words = aiohttp.encode_basic_auth(quote_plus(self._client_id), quote_plus(self._secret))
            headers["Authorization"] = words
        answer = await self._ask("POST", str(provider.facts["token_endpoint"]), data=form, headers=headers)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise _refused(f"no token: {str(answer.get('error', ''))[:60]}")
        return await self._checked(token, trip.nonce)

    async def _checked(self, token: str, nonce: str) -> Mapping[str, Any]:
        provider = await self._known()
        try:
            read = _decode(token, provider.keys)
        except (JoseError, ValueError):
            # The provider may have changed its keys since.
            provider = await self._known(older_than=REREAD)
            try:
                read = _decode(token, provider.keys)
            except (JoseError, ValueError) as error:
                raise _refused(f"the token is not signed as it should be: {type(error).__name__}") from error
        registry = jwt.JWTClaimsRegistry(
            now=int(self._clock.now().timestamp()),
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self._issuer},
            sub={"essential": True},
            aud={"essential": True, "value": self._client_id},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        claims = read.claims
        try:
            registry.validate(claims)
        except (JoseError, ValueError, TypeError) as error:
            raise _refused(f"a claim does not fit: {error}") from error
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", self._client_id if not several else "") != self._client_id:
            raise _refused("the token was made for another client")
        return claims

    async def _known(self, older_than: timedelta = FRESH) -> _Provider:
        """Return discovery and keys, read again when they are older."""
        async with self._reading:
            now = self._clock.now()
            if self._provider is None or now - self._provider.read_at >= older_than:
                if self._away_until is not None and now < self._away_until:
                    raise _unavailable("the provider did not answer a moment ago")
                try:
                    self._provider = await self._read(now)
                except Unavailable:
                    # Else everybody who presses the button would stand in a row of time-outs.
                    self._away_until = self._clock.now() + AWAY
                    raise
            return self._provider

    async def _read(self, now: datetime) -> _Provider:
        facts = await self._ask("GET", f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        if facts.get("issuer") != self._issuer:  # Discovery 4.3: else one provider could speak for another
            raise _unavailable("the provider names itself otherwise than HOTLINE_OIDC_ISSUER")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not _safe(str(facts.get(name, ""))):
                raise _unavailable(f"{name} of the provider is no https address")
        found = await self._ask("GET", str(facts["jwks_uri"]))
        return _Provider(facts, _keys(found), now)

    async def _ask(self, method: str, url: str, **how: Any) -> dict[str, Any]:
        try:
            async with self._http.request(method, url, timeout=_TIMEOUT, allow_redirects=False, **how) as answer:
                body = await answer.content.read(MAX_ANSWER + 1)
                while len(body) <= MAX_ANSWER and (more := await answer.content.read(MAX_ANSWER)):
                    body += more
                if answer.status >= 500 or len(body) > MAX_ANSWER:
                    raise _unavailable(f"the provider answered {answer.status}")
                read: dict[str, Any] = msgspec.json.decode(body, type=dict[str, Any])
                return read
        except (aiohttp.ClientError, TimeoutError, msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
            raise _unavailable(f"the provider does not answer: {type(error).__name__}") from error


def require_provider(settings: Settings) -> None:
    """Refuse settings of a provider that could be listened to.

    :raises BadInput: the issuer is not https, and not on this machine.
    """
    if settings.oidc_issuer and not _safe(settings.oidc_issuer):
        raise BadInput("HOTLINE_OIDC_ISSUER must be an https address")


def _decode(token: str, keys: KeySet) -> jwt.Token:
    return jwt.decode(token, keys, algorithms=ALGORITHMS)


def _keys(found: Mapping[str, Any]) -> KeySet:
    usable = [
        one
        for one in found.get("keys", [])
        if isinstance(one, dict) and one.get("kty") in {"RSA", "EC", "OKP"} and one.get("use", "sig") == "sig"
    ]
    try:
        return KeySet.import_key_set({"keys": usable})
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise _unavailable("the provider's keys cannot be read") from error


def _safe(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1", "localhost"})


def _with_query(url: str, **query: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"


def _refused(why: str) -> NotAuthenticated:
    return NotAuthenticated(why, error_id="sign-on-refused")


def _unavailable(why: str) -> Unavailable:
    return Unavailable(why, error_id="sign-on-unavailable")
