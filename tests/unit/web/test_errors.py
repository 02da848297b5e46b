"""Every error that can reach a person has words."""

from __future__ import annotations

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import hotline
from hotline.errors import BadInput, Conflict, HotlineError, TooManyAttempts, Unavailable
from hotline.web import i18n
from hotline.web.error_texts import TEXTS, field_text, warning_text
from hotline.web.failures import details_of, failure_of, json_of, text_of

RU = i18n.make_reader("ru", ZoneInfo("Europe/Moscow"))
SOURCES = ("register", "journal", "staff", "queue", "cti", "softphone", "web")
# Read by programs and logs only: log files, the command line, the headless telephone, the AMI border.
INTERNAL = {"bad-log-line", "malformed-event", "login-taken", "extension-taken"}
INTERNAL_PREFIX = "sip-"


def error_ids() -> set[str]:
    root = Path(hotline.__file__).parent
    found: set[str] = set()
    for package in SOURCES:
        for path in (root / package).rglob("*.py"):
            found |= set(re.findall(r'(?:error_id|default_id)(?:: str)? ?= ?"([a-z-]+)"', path.read_text("utf-8")))
    found |= set(re.findall(r'default_id = "([a-z-]+)"', (root / "errors.py").read_text("utf-8")))
    return {one for one in found if not one.startswith(INTERNAL_PREFIX)} - INTERNAL


def test_every_error_has_words() -> None:
    known = error_ids()
    assert len(known) > 40
    assert known - set(TEXTS) == set()


def test_details_are_translated_where_they_are_about_fields() -> None:
    error = BadInput("x", details={"topic": "required", "content": "at most 99999 characters", "rev": 3})
    with i18n.reading(RU):
        assert details_of(error) == {"topic": "нужно заполнить", "content": "не больше 99999 символов", "rev": 3}


@pytest.mark.parametrize("text", ["busy", "2026-11-20T07:00:00Z", ""])
def test_other_details_stay_as_they_are(text: str) -> None:
    with i18n.reading(RU):
        assert field_text(text) == text


def test_an_unknown_warning_is_shown_as_it_is() -> None:
    with i18n.reading(RU):
        assert warning_text("enp-check-digit").startswith("Контрольная цифра")
        assert warning_text("new-doubt") == "new-doubt"


def test_placeholders_are_filled_from_the_details() -> None:
    with i18n.reading(RU):
        assert "через 30 с" in text_of(TooManyAttempts("x", error_id="too-many-logins", details={"retry_after_s": 30}))
        # A text whose details are missing is still better than no text.
        assert "%(retry_after_s)s" in text_of(TooManyAttempts("x", error_id="too-many-logins"))


def test_an_error_without_words_speaks_its_own_message() -> None:
    with i18n.reading(RU):
        assert text_of(Conflict("something new", error_id="brand-new")) == "something new"


@pytest.mark.parametrize(
    ("error", "status", "retry"),
    [(BadInput("x"), 400, False), (Unavailable("x"), 503, True), (HotlineError("x"), 500, True)],
)
def test_a_failure_page_says_whether_trying_again_helps(error: HotlineError, status: int, retry: bool) -> None:
    with i18n.reading(RU):
        failure = failure_of(error)
    assert (failure.status, failure.retry) == (status, retry)
    assert re.search("[А-Яа-я]", failure.title)


def test_the_json_form_has_three_members() -> None:
    with i18n.reading(RU):
        assert set(json_of(BadInput("x"))) == {"error_id", "message", "details"}
