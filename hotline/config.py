"""Settings, read from the environment (prefix ``HOTLINE_``) or an ``.env``-style file. docs/operations.md lists them.

Secrets are ``SecretStr``: they never appear in a log line or a traceback by accident.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from datetime import time
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class AsteriskSettings(BaseModel):
    """One Asterisk server. Several may be configured; each has its own AMI link (``name`` tells them apart)."""

    name: str = Field("pbx1", pattern=r"^[a-z0-9]{1,16}$")
    """Also Asterisk's ``systemname``: it prefixes every Uniqueid, which makes call keys unique between servers."""
    ami_host: str = "127.0.0.1"
    ami_port: int = 5038
    ami_user: str = "hotline"
    ami_secret: SecretStr = SecretStr("")
    http_url: str = "http://127.0.0.1:8088"
    """Asterisk's HTTP server: ARI under ``/ari``, SIP over WebSocket under ``/ws``. Never exposed to browsers."""
    ari_user: str = "hotline"
    ari_password: SecretStr = SecretStr("")
    log_dir: Path = Path("/var/log/asterisk")
    """Where Asterisk writes ``queue_log`` and ``cel/events.csv``; read by the importer."""
    recording_dir: Path = Path("/var/spool/asterisk/monitor")


class Settings(BaseSettings):
    """Everything that differs between installations."""

    model_config = SettingsConfigDict(
        env_prefix="HOTLINE_", env_nested_delimiter="__", extra="ignore", hide_input_in_errors=True
    )

    database_url: SecretStr = SecretStr("postgresql+asyncpg:///hotline")
    listen_host: str = "127.0.0.1"
    listen_port: int = 8080
    public_url: str = "http://127.0.0.1:8080"
    """The address that browsers use; its origin is the only one whose WebSockets and forms are accepted."""
    asterisks: list[AsteriskSettings] = Field(default_factory=lambda: [AsteriskSettings.model_validate({})])
    organisation: str = "00"
    """Code of the organisation that owns this hotline; part of appeal numbers."""
    profile: str = "oms"
    time_zone: str = "Europe/Moscow"
    language: str = "ru"
    """``ru``, ``en``, or ``auto``: what the browser asks for. Each user can choose another for himself."""
    queue: str = "hotline"
    wrap_up_s: int = Field(60, ge=0)
    lost_grace_s: float = Field(7, ge=2, le=60)
    """Seconds without a sound from an operator's browser until the citizen hears that the connection is restored."""
    lost_back_s: float = Field(30, ge=0, le=600)
    """Seconds the citizen waits for that operator before he goes to the head of the queue."""
    area_code: str = Field("", pattern=r"^(\d{3,5})?$")
    """Put before local numbers that operators dial; the same as in the settings of Asterisk. Empty: refuse them."""
    international: bool = False
    """Whether operators may dial other countries; the same as in the settings of Asterisk."""
    callback_until: time = time(18)
    """Until when a citizen who was not served is called back on a working day, in the organisation's time."""
    callback_served_s: float = Field(10, ge=0, le=600)
    """Seconds of talk from which an outgoing call has served the citizen."""
    callback_hold_min: int = Field(15, ge=1, le=480)
    """Minutes for which a duty stays with the operator who took it."""
    callback_tries: int = Field(3, ge=0, le=20)
    """How often a citizen who kept his place in the queue is called by itself; 0: only operators call him."""
    callback_pause_min: int = Field(15, ge=1, le=480)
    """Minutes between two tries to reach a citizen."""
    session_hours: int = Field(14, ge=1)
    password_link_hours: int = Field(24, ge=1, le=168)
    """How long a one-time link to choose a password works."""
    second_factor_rights: list[str] = Field(default_factory=lambda: ["user.manage"])
    """Who holds any of these rights logs in with a second factor as well; ``[]``: only who has set one up himself."""
    secret_keys: list[SecretStr] = Field(default_factory=list)
    """They encrypt what must be read again (second factors): the first writes, all read. ``hotline user new-key``."""
    oidc_issuer: str = ""
    """The organisation's OpenID provider, exactly as it names itself; empty: people log in by passwords only."""
    oidc_client_id: str = "hotline"
    oidc_client_secret: SecretStr = SecretStr("")
    """Empty: a public client, which proves itself by PKCE alone."""
    oidc_title: str = ""
    """What the button on the login page is called."""
    oidc_scopes: list[str] = Field(default_factory=list)
    """Asked for besides ``openid profile email``; many providers want ``groups`` here."""
    oidc_claim: str = "preferred_username"
    """The claim that equals the login of an account."""
    oidc_roles: dict[str, str] = Field(default_factory=dict)
    """Which group of the provider has which role here; empty: roles are given here."""
    oidc_groups_claim: str = "groups"
    oidc_create: bool = False
    """Whether somebody without an account gets one; only with ``oidc_roles``, in the organisation of this hotline."""
    wall_session_days: int = Field(60, ge=1, le=400)
    """How long a screen stays logged in whose account may see the wallboard and nothing else."""
    recording_days: int = Field(365, ge=1)
    """How long recordings are kept, in days."""
    recording_queue_days: dict[str, int] = Field(default_factory=dict)
    """Other terms, by queue: ``{"complaints": 1825}``."""
    register_dir: Path = Path("/var/lib/hotline/register")
    """Where uploaded files of the register wait for their import; readable for the service alone."""
    private_fields: list[str] = Field(default_factory=lambda: ["enp", "snils"])
    """Fields of a person on the card that silence the recording of the call while they have the focus."""
    unmask_needs_reason: bool = True
    """Whoever shows masked data of a citizen says why (domain 3.4)."""
    supervision_told: Literal["never", "voice", "always"] = "voice"
    """When an operator is shown that a supervisor takes part in his conversation; ``voice``: when he can hear him."""
    recording_pause_s: float = Field(60, ge=1, le=600)
    """The longest pause of a recording for a private field; then the server goes on recording by itself."""
    attachment_dir: Path = Path("/var/lib/hotline/files")
    """Where the files of cards are kept; belongs into the backup together with the database."""
    attachment_mb: int = Field(25, ge=1, le=200)
    """The largest file that a card takes, in MiB."""
    log_format: Literal["text", "json"] = "text"
    """How log lines are written: for people, or one JSON object each."""
    tracing: str = Field("", pattern=r"^([\w.]+:\w+)?$")
    """A function that returns an OpenTelemetry tracer: ``package.module:function``. Empty: nothing is traced."""
    backup_dir: Path | None = None
    """Where ``hotline backup`` puts backups when it is not told; ``hotline doctor`` looks at the age of the newest."""
    backup_max_age_h: int = Field(26, ge=1)
    """Hours after which the newest backup is too old."""
    clamd: str = Field("", pattern=r"^(unix:/.+|tcp:[^:]+:\d{1,5})?$")
    """The virus scanner's socket: ``unix:/run/clamav/clamd.ctl`` or ``tcp:host:3310``. Empty: files are not scanned."""
    monitoring_token: SecretStr = SecretStr("")
    """Bearer token with which a monitoring system reads ``/status`` and ``/metrics``; empty: only users may."""
    api_per_minute: int = Field(600, ge=1, le=100_000)
    """How many requests a minute one token of the interface for other systems may make; as many may come at once."""
    webhook_http: bool = False
    """Whether events may be sent by http beside https."""
    webhook_networks: list[IPv4Network | IPv6Network] = Field(default_factory=list)
    """Networks of the house that events may be sent to; without any, only public addresses are asked."""
    smtp_host: str = ""
    """The mail server for letters about alarms; empty: no letters."""
    smtp_port: int = Field(25, ge=1, le=65535)
    smtp_security: Literal["none", "starttls", "tls"] = "none"
    """``tls``: from the first byte (port 465)."""
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_from: str = "hotline@localhost"
    trusted_proxies: int = Field(0, ge=0)
    """How many reverse proxies stand in front; that many entries of X-Forwarded-For are believed."""
    turn_urls: list[str] = Field(default_factory=list)
    """Relays for browsers that cannot reach Asterisk's RTP ports, as ``turn:host:3478?transport=udp`` (RFC 7065)."""
    turn_secret: SecretStr = SecretStr("")
    """Shared with the TURN server (coturn's ``static-auth-secret``); browsers get passwords of one shift."""

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, OSError) as error:
            msg = f"no such time zone: {value!r}"
            raise ValueError(msg) from error
        return value

    @field_validator("secret_keys")
    @classmethod
    def _real_keys(cls, value: list[SecretStr]) -> list[SecretStr]:
        for number, key in enumerate(value, 1):
            try:
                fits = len(urlsafe_b64decode(key.get_secret_value())) == 32
            except ValueError:
                fits = False
            if not fits:
                msg = f"secret_keys: key {number} is not one that `hotline user new-key` prints"
                raise ValueError(msg)
        return value

    @field_validator("turn_urls")
    @classmethod
    def _turn_addresses(cls, value: list[str]) -> list[str]:
        for url in value:
            if not url.startswith(("turn:", "turns:")):
                msg = f"not the address of a TURN server: {url!r}"
                raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _new_accounts_have_roles(self) -> Settings:
        if self.oidc_create and not self.oidc_roles:
            msg = "oidc_create without oidc_roles: new accounts would have no role"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _turn_has_a_secret(self) -> Settings:
        if self.turn_urls and not self.turn_secret.get_secret_value():
            msg = "turn_urls without turn_secret: no browser could use the relay"
            raise ValueError(msg)
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The organisation's time zone."""
        return ZoneInfo(self.time_zone)
