"""SIP accounts of logged-in operators, pushed into Asterisk's memory over ARI (telephony.md 5).

An account lives as long as the login: a random password, known to this process, Asterisk and one browser tab, and
written nowhere. Asterisk forgets accounts when it restarts; :meth:`AccountService.push_all` brings them back with
the same passwords, so that no operator has to reload the page.

ARI: ``PUT /ari/asterisk/config/dynamic/{configClass}/{objectType}/{id}`` (Asterisk REST interface, "Asterisk").
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from collections.abc import Mapping

import aiohttp

from hotline.config import AsteriskSettings
from hotline.cti.model import LinkChanged, LinkState
from hotline.errors import BadInput, Unavailable
from hotline.softphone.model import PhoneConnected, SoftphoneAccount

log = logging.getLogger(__name__)

REQUEST_TIMEOUT = 5.0
"""Seconds for one ARI request; 200 operators need 600 of them in half a second (telephony.md 5)."""

PUSH_ATTEMPTS = 6
"""How often all accounts are pushed to an Asterisk that has just started, within 16 s."""

REFUSED = "softphone-account-refused"

_EXTENSION = re.compile(r"[0-9]{2,8}")

Fields = tuple[tuple[str, str], ...]


def auth_fields(extension: str, password: str) -> Fields:
    """Attributes of the ``auth`` object. ``digest`` is the present name of ``userpass``."""
    return (("auth_type", "digest"), ("username", extension), ("password", password))


def aor_fields() -> Fields:
    """Attributes of the ``aor``: one browser at a time, the newer one wins."""
    return (
        ("max_contacts", "1"),
        ("remove_existing", "yes"),
        ("qualify_frequency", "15"),
        ("default_expiration", "120"),
    )


def endpoint_fields(extension: str, name: str) -> Fields:
    """Attributes of the ``endpoint``. Their order matters: ``disallow`` after ``allow`` leaves no codec at all."""
    return (
        ("auth", extension),
        ("aors", extension),
        ("context", "internal"),
        ("webrtc", "yes"),
        ("disallow", "all"),
        ("allow", "alaw"),  # alone: no transcoding, so no one-way audio after a transfer (telephony.md 3.6)
        ("direct_media", "no"),
        (
            "dtmf_mode",
            "auto_info",
        ),  # RFC 4733 with browsers; SIP INFO with a telephone that cannot (headless)
        ("rtp_timeout", "30"),  # a dead browser must not keep the citizen for ever
        ("rtp_timeout_hold", "300"),
        ("timers", "no"),
        ("device_state_busy_at", "1"),
        ("send_connected_line", "no"),
        ("language", "ru"),
        ("callerid", f'"{caller_name(name)}" <{extension}>'),
    )


def caller_name(name: str) -> str:
    """Return ``name`` fit for a quoted SIP display name: no quotes, brackets or control characters, 60 at most."""
    cleaned = re.sub(r'[\x00-\x1f\x7f"\\<>]', " ", name)
    return " ".join(cleaned.split())[:60]


class AccountService:
    """The accounts that exist right now on one Asterisk.

    :param asterisk: where its ARI is and which user may write the dynamic configuration.
    :param sip_domain: what stands after ``@`` in the account's URI. Asterisk does not look at it.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        asterisk: AsteriskSettings,
        *,
        sip_domain: str = "hotline.invalid",
        queue: str = "",
    ) -> None:
        self._http = http
        self._ari = f"{asterisk.http_url.rstrip('/')}/ari"
        basic = aiohttp.encode_basic_auth(asterisk.ari_user, asterisk.ari_password.get_secret_value())
        self._credentials = {"Authorization": basic}
        self._asterisk = asterisk.name
        self._sip_domain = sip_domain
        self._queue = queue
        self._held: dict[str, SoftphoneAccount] = {}
        self._boot_id = ""
        # One change at a time: a log-out must not overtake the log-in that it follows.
        self._lock = asyncio.Lock()

    @property
    def extensions(self) -> frozenset[str]:
        """Extensions that have an account now."""
        return frozenset(self._held)

    def get(self, extension: str) -> SoftphoneAccount | None:
        """Return the open account of ``extension``, with its password, or ``None``."""
        return self._held.get(extension)

    async def open(self, extension: str, name: str) -> SoftphoneAccount:
        """Make (or make anew, with a new password) the account of ``extension`` and put it into Asterisk.

        When it fails there is no account: nobody has seen its password, so the next try makes another.

        :raises BadInput: the extension is not 2 to 8 digits.
        :raises Unavailable: Asterisk does not answer or refuses the account.
        """
        if _EXTENSION.fullmatch(extension) is None:
            raise BadInput(f"extension {extension!r} is not 2 to 8 digits", details={"extension": "2-8 digits"})
        async with self._lock:
            account = self._make(extension, name, secrets.token_urlsafe(24))
            self._held.pop(extension, None)
            await self._push(account)
            self._held[extension] = account
            return account

    async def adopt(self, extension: str) -> SoftphoneAccount | None:
        """Take over the account that Asterisk still has from before this service was restarted.

        Browsers go on with the password that they have: nobody reloads a page, no call is disturbed. Returns ``None``
        when Asterisk has no such account. An account that is open here is returned as it is.

        :raises Unavailable: Asterisk does not answer.
        """
        async with self._lock:
            if (open_already := self._held.get(extension)) is not None:
                return open_already
            auth = await self._read("auth", extension)
            endpoint = await self._read("endpoint", extension)
            if not auth.get("password") or endpoint.get("auth") != extension:
                return None
            name = endpoint.get("callerid", "").rpartition("<")[0].strip(' "')
            account = self._make(extension, name, auth["password"])
            self._held[extension] = account
            log.info("asterisk %s: softphone account %s taken over", self._asterisk, extension)
            return account

    async def adopt_all(self) -> int:
        """Take over every account that Asterisk has from before this service was started; return how many are open.

        Not only those whose browsers are back already: should Asterisk be restarted before they are, nobody would
        know their passwords any more, and every operator would have to begin his work anew.

        :raises Unavailable: Asterisk does not answer.
        """
        for endpoint in await self._request("GET", f"{self._ari}/endpoints/PJSIP", "endpoints"):
            extension = str(endpoint.get("resource", ""))
            if _EXTENSION.fullmatch(extension) is not None:
                await self.adopt(extension)
        return len(self._held)

    async def close(self, extension: str) -> None:
        """Take the account away. Asterisk drops its registration; a call that is going on stays up.

        The account is forgotten here in any case.

        :raises Unavailable: Asterisk could not be told; its memory will be empty after its restart.
        """
        async with self._lock:
            self._held.pop(extension, None)
            for kind in ("endpoint", "aor", "auth"):
                await self._request("DELETE", self._object(kind, extension), kind, missing_is_fine=True)

    async def push_all(self) -> int:
        """Put every open account into Asterisk again; return how many. Called after Asterisk restarted.

        :raises Unavailable: Asterisk does not answer.
        """
        async with self._lock:
            for account in tuple(self._held.values()):
                await self._push(account)
            return len(self._held)

    async def on_link(self, event: LinkChanged) -> None:
        """Bus handler: push all accounts when Asterisk is up with another ``boot_id`` than before.

        The first time since this service was started, take over those that Asterisk has.
        """
        if event.asterisk != self._asterisk or event.state is not LinkState.UP or event.boot_id == self._boot_id:
            return
        for attempt in range(PUSH_ATTEMPTS):
            try:
                count = await self.push_all()
                if not self._boot_id:
                    count = await self.adopt_all()
            except Unavailable:
                log.warning("asterisk %s: accounts could not be pushed", self._asterisk, exc_info=True)
                await asyncio.sleep(2.0**attempt / 4)
                continue
            self._boot_id = event.boot_id  # only after success: the next event of this boot tries again
            log.info("asterisk %s is up: %d softphone accounts", self._asterisk, count)
            return

    async def on_phone_connected(self, event: PhoneConnected) -> None:
        """Bus handler: a browser that outlived our restart is back; from now on its account is ours again."""
        if event.extension not in self._held:
            await self.adopt(event.extension)

    def _make(self, extension: str, name: str, password: str) -> SoftphoneAccount:
        return SoftphoneAccount(extension, f"sip:{extension}@{self._sip_domain}", password, name)

    async def _push(self, account: SoftphoneAccount) -> None:
        extension = account.extension
        await self._put("auth", extension, auth_fields(extension, account.password))
        await self._put("aor", extension, aor_fields())
        fields = endpoint_fields(extension, account.name)
        if self._queue:  # the dialplan's [outgoing] shows this queue's number to the citizen
            # Not set_var: Asterisk answers 500 when an endpoint that has one is changed.
            fields = (*fields, ("accountcode", self._queue))
        try:
            await self._put("endpoint", extension, fields)
        except Unavailable as error:
            if error.error_id != REFUSED:
                raise
            # Asterisk cannot change a broken endpoint that was left there. A sound one is never deleted: until its
            # next registration the queue would take the operator for unavailable.
            await self._request("DELETE", self._object("endpoint", extension), "endpoint", missing_is_fine=True)
            await self._put("endpoint", extension, fields)
        await self._verify(extension)

    async def _verify(self, extension: str) -> None:
        """Read the endpoint back: Asterisk accepts objects that cannot work (telephony.md 5)."""
        values = await self._read("endpoint", extension)
        expected = {"allow": "(alaw)", "auth": extension, "aors": extension}
        wrong = {name: values.get(name) for name, value in expected.items() if values.get(name) != value}
        if wrong:
            raise Unavailable(
                f"Asterisk stored another softphone account for {extension} than it was given",
                error_id=REFUSED,
                details={"extension": extension, "stored": wrong},
            )

    async def _read(self, kind: str, extension: str) -> dict[str, str]:
        """Return the attributes of an object; empty when there is none."""
        stored = await self._request("GET", self._object(kind, extension), kind, missing_is_fine=True)
        return {str(item["attribute"]): str(item["value"]) for item in stored}

    async def _put(self, kind: str, extension: str, fields: Fields) -> None:
        body = {"fields": [{"attribute": name, "value": value} for name, value in fields]}
        await self._request("PUT", self._object(kind, extension), kind, body=body)

    def _object(self, kind: str, extension: str) -> str:
        return f"{self._ari}/asterisk/config/dynamic/res_pjsip/{kind}/{extension}"

    async def _request(
        self,
        method: str,
        url: str,
        kind: str,
        *,
        body: Mapping[str, object] | None = None,
        missing_is_fine: bool = False,
    ) -> list[dict[str, str]]:
        try:
            async with (
                asyncio.timeout(REQUEST_TIMEOUT),
                self._http.request(method, url, json=body, headers=self._credentials) as answer,
            ):
                text = await answer.text()
                if answer.status == 404 and missing_is_fine:
                    return []
                if answer.status >= 400:
                    raise self._refused(kind, answer.status, text)
                return list(await answer.json(content_type=None) or []) if text else []
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise Unavailable(
                "Asterisk does not answer; the softphone account could not be set",
                error_id="asterisk-unavailable",
                details={"asterisk": self._asterisk},
            ) from error

    def _refused(self, kind: str, status: int, text: str) -> Unavailable:
        # The answer may quote what was sent; a password must not reach the log through it.
        log.error("asterisk %s: %s refused with HTTP %d", self._asterisk, kind, status)
        return Unavailable(
            f"Asterisk refused the softphone account ({kind}, HTTP {status})",
            error_id=REFUSED,
            details={"asterisk": self._asterisk, "kind": kind, "status": status, "length": len(text)},
        )
