"""Asterisk's configuration files, rendered from ``asterisk_config/templates`` with checked settings.

Nobody edits the files that Asterisk reads: they are made from these templates, and ``hotline asterisk render --diff``
shows what would change before it does.
"""

from __future__ import annotations

import difflib
import os
from datetime import date
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from hotline.errors import BadInput
from hotline.stand.asterisk_modules import MODULES

TEMPLATES = Path(
    os.environ.get("HOTLINE_ASTERISK_TEMPLATES") or Path(__file__).parents[2] / "asterisk_config" / "templates"
)
HEADING = "; Made by `hotline asterisk render`. Changes made here are lost: change the settings or the template."

OWN_FILES = "lines"
"""Folder inside Asterisk's own of the files that the service writes over AMI (docs/lines.md); nothing here does."""
HEAD_PRIORITY = 1000
"""What the call of a citizen is worth whose operator was lost: more than any rule can give."""

ANY_PENALTY = 1000
"""More than any member's penalty: everybody is asked (an empty QUEUE_MAX_PENALTY would be a warning in the log)."""

CEL_FIELDS = (
    "EventTime",
    "EventEnum",
    "UserDefType",
    "UniqueID",
    "LinkedID",
    "ChanName",
    "Num",
    "Name",
    "Exten",
    "Context",
    "AppName",
    "AppData",
    "Peer",
    "EventExtra",
)
"""Columns of ``{log_dir}/cel/events.csv``, in order; the file has no heading line."""


def _harmless(value: str) -> str:
    """Refuse what would start a comment, a new line or an expression in a configuration file."""
    if any(sign in value for sign in ';\n\r${}[]\\"') or not value.isprintable():
        raise ValueError('must not contain ; $ { } [ ] \\ " or control characters')
    return value


def _harmless_path(value: Path) -> Path:
    _harmless(str(value))
    if not value.is_absolute():
        raise ValueError("must be an absolute path")
    return value


def _harmless_secret(value: SecretStr) -> SecretStr:
    _harmless(value.get_secret_value())
    return value


def _address(value: str) -> str:
    return str(ip_address(value))


Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
Text = Annotated[str, AfterValidator(_harmless)]
Folder = Annotated[Path, AfterValidator(_harmless_path)]
Address = Annotated[str, AfterValidator(_address)]
Secret = Annotated[SecretStr, AfterValidator(_harmless_secret)]
Port = Annotated[int, Field(ge=1, le=65535)]
Hours = Annotated[str, Field(pattern=r"^(\*|\d\d:\d\d-\d\d:\d\d),[a-z*&-]+,[0-9*&-]+,[a-z*&-]+$")]
Pattern = Annotated[str, Field(pattern=r"^_?[0-9XZN.!+*#-]{1,20}$")]
Sound = Annotated[str, Field(pattern=r"^[a-z0-9/_-]{1,64}$")]
Digits = Annotated[str, Field(pattern=r"^\+?[0-9]*$")]


class TrunkSettings(BaseModel):
    """The line to the telephone network (a SIP provider, a PBX or a gateway)."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    host: Word = "127.0.0.2"
    port: Port = 5060
    match: list[Text] = Field(default_factory=lambda: ["127.0.0.2"], min_length=1)
    """Addresses or networks that requests of the trunk come from. Addresses, not names: a dead DNS freezes SIP."""
    username: Text = ""
    password: Secret = SecretStr("")
    from_domain: Text = ""
    register_line: bool = False
    qualify_s: int = Field(0, ge=0)
    number_prefix: Digits = ""
    """Put before the normalised number (7 and ten digits), for example ``+``."""

    @model_validator(mode="after")
    def _registration_needs_a_name(self) -> TrunkSettings:
        if self.register_line and not self.username:
            raise ValueError("register_line needs username and password")
        return self


class AsteriskRenderSettings(BaseModel):
    """Everything that differs between Asterisk servers. ``docs/telephony.md`` explains the telephony settings."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name: str = Field("pbx1", pattern=r"^[a-z0-9]{1,16}$")
    config_dir: Folder = Path("/etc/asterisk")
    module_dir: Folder = Path("/usr/lib/x86_64-linux-gnu/asterisk/modules")
    data_dir: Folder = Path("/usr/share/asterisk")
    var_dir: Folder = Path("/var/lib/asterisk")
    spool_dir: Folder = Path("/var/spool/asterisk")
    run_dir: Folder = Path("/var/run/asterisk")
    log_dir: Folder = Path("/var/log/asterisk")
    recording_dir: Folder = Path("/var/spool/asterisk/monitor")

    ami_bind: Address = "127.0.0.1"
    ami_port: Port = 5038
    ami_user: Word = "hotline"
    ami_secret: Secret
    ami_permit: list[Text] = Field(default_factory=lambda: ["127.0.0.1/255.255.255.255"])
    http_bind: Address = "127.0.0.1"
    http_port: Port = 8088
    ari_user: Word = "hotline"
    ari_password: Secret

    sip_bind: Address = "0.0.0.0"
    sip_port: Port = 5060
    external_address: Text = ""
    local_networks: list[Text] = Field(default_factory=lambda: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"])
    ice_host_candidates: dict[Text, Text] = Field(default_factory=dict)
    rtp_start: Port = 10000
    rtp_end: Port = 20000
    trunk: TrunkSettings = Field(default_factory=TrunkSettings)

    language: str = Field("ru", pattern=r"^[a-z]{2}$")
    time_zone: str = "Europe/Moscow"
    dids: list[Pattern] = Field(default_factory=list)
    """Numbers of the hotline; empty: every number that the trunk delivers."""
    business_hours: list[Hours] = Field(default_factory=list)
    """``08:00-20:00,mon-fri,*,*`` (GotoIfTime without its time zone); empty: round the clock."""
    holidays: list[date] = Field(default_factory=list)
    greeting: Sound = "hotline/greeting"
    """Sound file, without its ending; it must say that the call is recorded (S001-010)."""
    out_of_hours: Sound = "hotline/out-of-hours"
    all_busy: Sound = "hotline/all-busy"
    leave_message: Sound = "hotline/leave-message"
    message_saved: Sound = "hotline/message-saved"
    connection_lost: Sound = "hotline/connection-lost"
    """For a citizen whose operator's browser was lost; music follows."""
    rate_call: Sound = "hotline/rate-call"
    """Asks for 1 to 5 after a conversation; on a line whose administration wants that (docs/quality.md)."""
    rate_recommend: Sound = "hotline/rate-recommend"
    """Asks for 0 to 10: how likely he would recommend the hotline."""
    rate_thanks: Sound = "hotline/rate-thanks"
    callback: bool = True
    """Whether a waiting citizen may press 1 and be called back without losing his place."""
    callback_promise: Sound = "hotline/callback-promise"
    """Before his number is said to him."""
    callback_goodbye: Sound = "hotline/callback-goodbye"
    voicemail: bool = True
    voicemail_max_s: int = Field(180, ge=5)
    voicemail_silence_s: int = Field(8, ge=1)

    queue: Word = "hotline"
    queue_strategy: Word = "leastrecent"
    ring_s: int = Field(20, ge=3)
    max_wait_s: int = Field(900, ge=10)
    announce_s: int = Field(45, ge=0)
    reassure_s: int = Field(60, ge=0)
    menu_wait_s: int = Field(5, ge=1)
    """How long a citizen may think after a line's menu has been read to him."""
    hold_s: int = Field(180, ge=5)
    park_s: int = Field(180, ge=5)
    """How long a parked citizen waits before the operator who parked him is rung."""
    consult_ring_s: int = Field(25, ge=5)
    alone_s: int = Field(3, ge=1)
    lost_s: int = Field(45, ge=5)
    """How long that citizen waits when the service sends him nowhere. More than ``HOTLINE_LOST_BACK_S``."""
    back_ring_s: int = Field(20, ge=5)
    outgoing_ring_s: int = Field(60, ge=5)

    internal_patterns: list[Pattern] = Field(default_factory=lambda: ["_XXX"])
    short_codes: list[Digits] = Field(default_factory=lambda: ["112"])
    """Numbers of the public network that look internal; they win over ``internal_patterns``."""
    outgoing_caller_id: Digits = ""
    outgoing_caller_ids: dict[Word, Digits] = Field(default_factory=dict)
    """What the called citizen sees, by the queue that the operator works for; others show ``outgoing_caller_id``."""
    area_code: Digits = ""
    international: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> AsteriskRenderSettings:
        ZoneInfo(self.time_zone)
        if self.rtp_end - self.rtp_start < 4:
            raise ValueError("rtp_end must be above rtp_start")
        if self.area_code and not 3 <= len(self.area_code) <= 5:
            raise ValueError("area_code has 3 to 5 digits")
        return self


def render(settings: AsteriskRenderSettings) -> dict[str, str]:
    """Return the text of every configuration file by its name."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - not HTML; every setting is checked by the model above
    )
    names = sorted(path.name for path in TEMPLATES.glob("*.conf.j2"))
    if not names:
        raise BadInput(f"no templates in {TEMPLATES}", error_id="no-templates")
    return {
        name.removesuffix(".j2"): environment.get_template(name).render(
            s=settings,
            heading=HEADING,
            modules=MODULES,
            cel_fields=CEL_FIELDS,
            head_prio=HEAD_PRIORITY,
            any_penalty=ANY_PENALTY,
            did_patterns=settings.dids or ["s", "_X!", "_+X!"],
        )
        for name in names
    }


def write(files: dict[str, str], folder: Path) -> list[str]:
    """Write the files that differ, each in one step, and return their names. They hold secrets: mode 0640."""
    (folder / OWN_FILES).mkdir(parents=True, exist_ok=True)
    changed = [name for name, text in files.items() if _present(folder / name) != text]
    for name in changed:
        fresh = folder / f".{name}.new"
        fresh.write_text(files[name], encoding="utf-8")
        fresh.chmod(0o640)
        fresh.replace(folder / name)
    return changed


def diff(files: dict[str, str], folder: Path) -> str:
    """Return a unified diff from what lies in ``folder`` to ``files``; empty when nothing would change."""
    parts: list[str] = []
    for name, text in files.items():
        before = (_present(folder / name) or "").splitlines(keepends=True)
        parts += difflib.unified_diff(before, text.splitlines(keepends=True), str(folder / name), f"new {name}")
    return "".join(parts)


def _present(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
