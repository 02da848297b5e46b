"""Asterisk's configuration files: what the settings make of them, and what they refuse."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from hotline.cti.cel import COLUMNS
from hotline.stand.asterisk_modules import MODULES
from hotline.stand.environment import RenderEnvironment
from hotline.stand.rendering import CEL_FIELDS, AsteriskRenderSettings, TrunkSettings, diff, render, write

SECRETS = {"ami_secret": "ami-secret", "ari_password": "ari-secret"}


def rendered(**overrides: Any) -> dict[str, str]:
    return render(AsteriskRenderSettings(**{**SECRETS, **overrides}))


def dialplan(**overrides: Any) -> str:
    return rendered(**overrides)["extensions.conf"]


def test_every_file_says_that_it_is_made() -> None:
    files = rendered()
    assert {"asterisk.conf", "pjsip.conf", "extensions.conf", "manager.conf", "queues.conf"} <= files.keys()
    assert all(text.startswith("; Made by `hotline asterisk render`") for text in files.values())
    assert not any("{{" in text or "{%" in text for text in files.values())


def test_the_importer_reads_the_columns_that_asterisk_writes() -> None:
    assert CEL_FIELDS == COLUMNS
    assert f"fields = {','.join(CEL_FIELDS)}" in rendered()["cel_custom.conf"]


def test_what_the_measurements_demand_is_there() -> None:
    files = rendered(name="pbx7")
    assert "systemname = pbx7" in files["asterisk.conf"]
    assert "autoload = no" in files["modules.conf"]
    assert "sessionlimit = 2000" in files["http.conf"]
    assert "taskprocessor_overload_trigger = pjsip_only" in files["pjsip.conf"]
    assert "persistentmembers = no" in files["queues.conf"]
    assert "log_membername_as_agent = yes" in files["queues.conf"]
    assert "queue_log_to_file = yes" in files["logger.conf"]
    manager = files["manager.conf"]
    # writetimeout is an "Invalid keyword" in [general] and would leave the default of 100 ms.
    assert manager.index("writetimeout = 5000") > manager.index("[hotline]")


def test_no_module_is_listed_twice_or_reaches_a_database() -> None:
    names = [name for group in MODULES.values() for name in group]
    assert len(names) == len(set(names))
    assert not [name for name in names if "pgsql" in name or "odbc" in name or "voicemail" in name]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ami_secret", "two\nlines"),
        ("ami_secret", "com;ment"),
        ("ari_password", "${SHELL(id)}"),
        ("recording_dir", "relative/folder"),
        ("recording_dir", "/var/${EXTEN}"),
        ("name", "PBX 1"),
        ("queue", "hotline]"),
        ("ami_port", 0),
        ("sip_bind", "localhost"),
        ("time_zone", "Europe/Nowhere"),
        ("business_hours", ["whenever"]),
        ("business_hours", ["08:00-20:00,mon-fri,*,*,UTC?evil,s,1"]),
        ("greeting", "../../etc/passwd"),
        ("internal_patterns", ["_XXX,1,System(id)"]),
        ("outgoing_caller_id", "7928000112x"),
        ("area_code", "12"),
        ("rtp_end", 10000),
        ("no_such_setting", 1),
        ("trunk", {"register_line": True}),
        ("trunk", {"match": []}),
    ],
)
def test_a_harmful_setting_is_refused(field: str, value: object) -> None:
    with pytest.raises((ValidationError, KeyError)):
        AsteriskRenderSettings(**{**SECRETS, field: value})


def test_an_error_does_not_tell_the_secret() -> None:
    with pytest.raises(ValidationError) as caught:
        AsteriskRenderSettings(**{**SECRETS, "ami_secret": "hush;hush"})
    assert "hush" not in str(caught.value)


def test_round_the_clock_there_is_no_time_condition() -> None:
    assert "GotoIfTime" not in dialplan()


def test_business_hours_are_in_the_organisations_time_zone() -> None:
    text = dialplan(business_hours=["08:00-20:00,mon-fri,*,*", "09:00-15:00,sat,*,*"], time_zone="Asia/Vladivostok")
    assert "GotoIfTime(08:00-20:00,mon-fri,*,*,Asia/Vladivostok?greet)" in text
    assert "GotoIfTime(09:00-15:00,sat,*,*,Asia/Vladivostok?greet)" in text


def test_a_holiday_closes_before_the_hours_are_asked() -> None:
    text = dialplan(holidays=[date(2027, 1, 7)], business_hours=["08:00-20:00,*,*,*"])
    assert 0 < text.index('= "2027-01-07"]?out-of-hours,s,1') < text.index("GotoIfTime")


def test_only_the_hotlines_numbers_are_accepted_when_they_are_listed() -> None:
    listed = dialplan(dids=["88001000000"])
    entry = listed[listed.index("[from-trunk]") : listed.index("[welcome]")]
    assert "exten => 88001000000,1" in entry
    assert "_X!" not in entry


def test_abroad_and_local_numbers_only_when_allowed() -> None:
    assert "_810XXXXXXX!" not in dialplan()
    assert "_810XXXXXXX!" in dialplan(international=True)
    assert "exten => _ZXXXXX,1,Goto(outgoing,78652${EXTEN},1)" in dialplan(area_code="8652")


def test_without_voice_mail_the_call_ends_after_the_announcement() -> None:
    text = dialplan(voicemail=False)
    closed = text[text.index("[out-of-hours]") : text.index("[leave-message]")]
    assert "voice-message" not in closed
    assert "Hangup" in closed


def test_trunk_with_registration() -> None:
    trunk = TrunkSettings(
        host="192.0.2.10", match=["192.0.2.10"], username="fund", password="trunk-secret", register_line=True
    )
    text = rendered(trunk=trunk)["pjsip.conf"]
    assert "client_uri = sip:fund@192.0.2.10" in text
    assert "password = trunk-secret" in text
    assert "type = registration" not in rendered()["pjsip.conf"]


def test_write_changes_only_what_differs(tmp_path: Path) -> None:
    files = rendered()
    assert set(write(files, tmp_path)) == files.keys()
    assert write(files, tmp_path) == []
    assert diff(files, tmp_path) == ""
    assert (tmp_path / "manager.conf").stat().st_mode & 0o777 == 0o640
    changed = rendered(ring_s=33)
    assert "+timeout = 33" in diff(changed, tmp_path)
    assert write(changed, tmp_path) == ["queues.conf"]


def test_settings_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_ASTERISK_AMI_SECRET", "one")
    monkeypatch.setenv("HOTLINE_ASTERISK_ARI_PASSWORD", "two")
    monkeypatch.setenv("HOTLINE_ASTERISK_TRUNK__HOST", "192.0.2.10")
    monkeypatch.setenv("HOTLINE_ASTERISK_TRUNK__MATCH", '["192.0.2.0/24"]')
    monkeypatch.setenv("HOTLINE_ASTERISK_HOLIDAYS", '["2027-01-01"]')
    settings = RenderEnvironment()
    assert settings.trunk.host == "192.0.2.10"
    assert settings.trunk.match == ["192.0.2.0/24"]
    assert settings.holidays == [date(2027, 1, 1)]


def test_a_stand_ignores_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_ASTERISK_RING_S", "77")
    assert AsteriskRenderSettings(**SECRETS).ring_s != 77
