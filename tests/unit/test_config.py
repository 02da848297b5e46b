"""Settings from the environment."""

from __future__ import annotations

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from hotline.config import AsteriskSettings, Settings


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of whoever runs the tests must not be seen."""
    import os  # noqa: PLC0415 - only to clean up

    for name in list(os.environ):
        if name.startswith("HOTLINE_"):
            monkeypatch.delenv(name)


def test_defaults_are_those_of_a_small_hotline() -> None:
    settings = Settings()

    assert (settings.listen_host, settings.language, settings.profile) == ("127.0.0.1", "ru", "oms")
    assert [one.name for one in settings.asterisks] == ["pbx1"]
    assert settings.zone == ZoneInfo("Europe/Moscow")
    assert settings.trusted_proxies == 0


def test_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_LISTEN_PORT", "9000")
    monkeypatch.setenv("HOTLINE_WRAP_UP_S", "0")
    monkeypatch.setenv("HOTLINE_TIME_ZONE", "Asia/Vladivostok")
    monkeypatch.setenv("HOTLINE_DATABASE_URL", "postgresql+asyncpg://hotline:s3cret@db/hotline")
    settings = Settings()

    assert (settings.listen_port, settings.wrap_up_s, settings.zone.key) == (9000, 0, "Asia/Vladivostok")
    assert settings.database_url.get_secret_value().endswith("@db/hotline")


def test_several_asterisks(monkeypatch: pytest.MonkeyPatch) -> None:
    servers = [{"name": "pbx1", "ami_secret": "a"}, {"name": "pbx2", "ami_port": 5039, "recording_dir": "/srv/rec"}]
    monkeypatch.setenv("HOTLINE_ASTERISKS", json.dumps(servers))
    first, second = Settings().asterisks

    assert first.ami_secret.get_secret_value() == "a"
    assert (second.name, second.ami_port, second.recording_dir) == ("pbx2", 5039, Path("/srv/rec"))


def test_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_DATABASE_URL", "postgresql+asyncpg://hotline:s3cret@db/hotline")
    monkeypatch.setenv("HOTLINE_ASTERISKS", json.dumps([{"ami_secret": "s3cret", "ari_password": "s3cret"}]))
    settings = Settings()

    assert "s3cret" not in repr(settings)
    assert "s3cret" not in str(settings.model_dump())


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("TIME_ZONE", "Europe/Atlantis", "time_zone"),
        ("TIME_ZONE", "", "time_zone"),
        ("TIME_ZONE", "../../etc/passwd", "time_zone"),
        ("WRAP_UP_S", "-1", "wrap_up_s"),
        ("SESSION_HOURS", "0", "session_hours"),
        ("TRUSTED_PROXIES", "-1", "trusted_proxies"),
        ("TURN_URLS", '["https://turn.example.org"]', "turn_urls"),
        ("TURN_URLS", '["turn:turn.example.org"]', "turn_secret"),
        ("LISTEN_PORT", "http", "listen_port"),
        ("SECRET_KEYS", '["short"]', "secret_keys: key 1"),
        ("SECRET_KEYS", '["c2VjcmV0IGtleSBvZiB0aGUgdGVzdHMsIDMyIGJ5dGU=", "!"]', "secret_keys: key 2"),
        ("ASTERISKS", json.dumps([{"name": "pbx 1"}]), "name"),
        ("ASTERISKS", json.dumps([{"name": "a-b"}]), "name"),
    ],
)
def test_nonsense_is_refused_with_the_name_of_the_setting(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, word: str
) -> None:
    monkeypatch.setenv(f"HOTLINE_{name}", value)
    with pytest.raises(ValidationError, match=word):
        Settings()


def test_a_refusal_does_not_show_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_ASTERISKS", json.dumps([{"name": "a-b", "ami_secret": ["s3cret"]}]))
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert "s3cret" not in str(refused.value)


def test_a_server_name_can_begin_a_call_key() -> None:
    """Call keys are ``name-epoch.number``: a hyphen in the name would make them ambiguous."""
    with pytest.raises(ValidationError):
        AsteriskSettings(name="north-1")
    assert AsteriskSettings(name="north1").name == "north1"
