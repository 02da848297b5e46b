"""Codes of a second factor, without a database (issue 6: second factor for administrators)."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from pydantic import SecretStr

from hotline.errors import Unavailable
from hotline.staff import codes
from hotline.staff.secret_box import SecretBox, new_key

RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
NOW = datetime(2026, 11, 20, 7, 0, 5, tzinfo=UTC)
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def code_at(moment: datetime) -> str:
    return pyotp.TOTP(SECRET).at(moment)


@pytest.mark.parametrize(
    ("seconds", "code"), [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")]
)
def test_the_vectors_of_rfc_6238(seconds: int, code: str) -> None:
    """RFC 6238 appendix B, SHA-1, the last six of its eight digits."""
    assert codes.step_of(RFC_SECRET, code, datetime.fromtimestamp(seconds, UTC), 0) == seconds // 30


@pytest.mark.parametrize(("late_s", "taken"), [(0, True), (30, True), (-30, True), (60, False), (-60, False)])
def test_a_telephone_may_be_half_a_minute_off(late_s: int, taken: bool) -> None:
    code = code_at(NOW - timedelta(seconds=late_s))
    assert (codes.step_of(SECRET, code, NOW, 0) is not None) is taken


def test_a_step_is_accepted_once_and_none_before_it() -> None:
    step = codes.step_of(SECRET, code_at(NOW), NOW, 0)
    assert step is not None
    assert codes.step_of(SECRET, code_at(NOW), NOW, step) is None
    assert codes.step_of(SECRET, code_at(NOW - timedelta(seconds=30)), NOW, step) is None
    assert codes.step_of(SECRET, code_at(NOW + timedelta(seconds=30)), NOW, step) == step + 1


@pytest.mark.parametrize("typed", ["123456", "000000", "", "abcdef", "12345", "1234567", "١٢٣٤٥٦", "12 34 56"])
def test_what_is_typed_is_an_apps_code_or_a_recovery_code(typed: str) -> None:
    """Only six ASCII digits are an app's; nothing that is typed breaks the comparison."""
    tidied = codes.tidy(typed)
    assert codes.is_of_app(tidied) is (tidied in {"123456", "000000"})
    if codes.is_of_app(tidied):
        codes.step_of(SECRET, tidied, NOW, 0)
    assert len(codes.recovery_digest(typed)) == 32


def test_recovery_codes_are_long_and_forgive_how_they_are_typed() -> None:
    made = codes.new_recovery_codes()
    assert len(set(made)) == codes.RECOVERY_CODES
    assert all(len(codes.tidy(one)) == 24 for one in made)
    assert codes.recovery_digest(made[0]) == codes.recovery_digest(f" {made[0].upper().replace('-', ' ')} ")
    assert codes.recovery_digest(made[0]) != codes.recovery_digest(made[1])


def test_an_app_is_told_whose_secret_it_is() -> None:
    address = urlsplit(codes.address_of(SECRET, "anna", "Hotline"))
    assert (address.scheme, address.netloc, address.path) == ("otpauth", "totp", "/Hotline:anna")
    assert parse_qs(address.query) == {"secret": [SECRET], "issuer": ["Hotline"]}


def test_a_secret_opens_for_its_owner_and_with_a_key_of_the_settings() -> None:
    first, second, foreign = (SecretStr(new_key()) for _ in range(3))
    sealed = SecretBox([first]).seal(7, SECRET)
    assert SECRET not in sealed
    assert SecretBox([first]).open(7, sealed) == SECRET
    rotated = SecretBox([second, first])
    assert rotated.open(7, sealed) == SECRET
    assert SecretBox([second]).open(7, rotated.renewed(sealed)) == SECRET
    for box, owner in ((SecretBox([foreign]), 7), (SecretBox([first]), 8), (SecretBox([]), 7)):
        with pytest.raises(Unavailable) as refused:
            box.open(owner, sealed)
        assert refused.value.error_id == "no-secret-key"
