"""The bounded SIP parser and the rules for browsers."""

from __future__ import annotations

import pytest

from hotline.softphone import sip
from hotline.softphone.sip import Fault, SipError


def message(
    start: str = "REGISTER sip:hotline.invalid SIP/2.0",
    *,
    sender: str = "<sip:101@hotline.invalid>;tag=a1",
    to: str = "<sip:101@hotline.invalid>",
    cseq: str = "1 REGISTER",
    extra: tuple[str, ...] = (),
    body: str = "",
    length: str | None = None,
) -> str:
    lines = [
        start,
        "Via: SIP/2.0/WS x.invalid;branch=z9hG4bK1",
        f"From: {sender}",
        f"To: {to}",
        "Call-ID: c1",
        f"CSeq: {cseq}",
        *extra,
        f"Content-Length: {len(body.encode()) if length is None else length}",
    ]
    return "\r\n".join([*lines, "", body])


def test_request_is_read() -> None:
    read = sip.parse(message(body="тело", extra=("X-Call-Id: pbx1-1.2", "Supported: path", "Supported: gruu")))
    assert read.is_request
    assert (read.method, read.uri, read.status) == ("REGISTER", "sip:hotline.invalid", None)
    assert (read.call_id, read.cseq, read.branch) == ("c1", 1, "z9hG4bK1")
    assert (read.from_user, read.to_user, read.body) == ("101", "101", "тело")
    assert read.get("x-call-id") == "pbx1-1.2"
    assert read.all("supported") == ("path", "gruu")


def test_response_is_read() -> None:
    read = sip.parse(message("SIP/2.0 486 Busy Here", cseq="7 INVITE"))
    assert (read.is_request, read.status, read.reason, read.method, read.cseq) == (False, 486, "Busy Here", "INVITE", 7)


def test_compact_and_folded_headers_are_read() -> None:
    text = (
        "OPTIONS sip:101@x SIP/2.0\r\nv: SIP/2.0/WS y;branch=z9hG4bK2\r\nf: <sip:101@x>;tag=q\r\n"
        't: "A"\r\n <sip:102@x>\r\ni: abc\r\nCSEQ : 3 OPTIONS\r\nl: 0\r\n\r\n'
    )
    read = sip.parse(text)
    assert (read.from_user, read.to_user, read.call_id, read.cseq) == ("101", "102", "abc", 3)


def test_written_message_reads_the_same() -> None:
    first = sip.parse(message(body="v=0\r\n", extra=("Contact: <sip:101@z.invalid;transport=ws>",)))
    second = sip.parse(first.text())
    assert (second.method, second.uri, second.body) == (first.method, first.uri, first.body)
    assert [h for h in second.headers if h[0] != "content-length"] == [
        h for h in first.headers if h[0] != "content-length"
    ]


GOOD = message()

MALFORMED = {
    "empty": ("", Fault.NOT_SIP),
    "http": ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", Fault.MISSING_HEADER),
    "no empty line": (GOOD.replace("\r\n\r\n", "\r\n"), Fault.NOT_SIP),
    "other protocol": (message("REGISTER sip:x SIP/3.0"), Fault.NOT_SIP),
    "status out of range": (message("SIP/2.0 999 Odd"), Fault.NOT_SIP),
    "lower-case method": (message("register sip:x SIP/2.0"), Fault.NOT_SIP),
    "null in the start line": (message("REGISTER sip:\x00x SIP/2.0"), Fault.NOT_SIP),
    "long start line": (message(f"REGISTER sip:{'x' * 9000} SIP/2.0"), Fault.LINE_TOO_LONG),
    "long line": (message(extra=("X-A: " + "a" * 9000,)), Fault.LINE_TOO_LONG),
    "long folded line": (message(extra=("X-A: " + "a" * 8000, " " + "b" * 8000)), Fault.LINE_TOO_LONG),
    "many headers": (message(extra=("X-A: 1",) * 101), Fault.TOO_MANY_HEADERS),
    "many bytes": (message(body="a" * 70_000), Fault.TOO_LONG),
    "many bytes in few letters": (message(body="ы" * 40_000), Fault.TOO_LONG),
    "bare line feed": (message(extra=("X-A: 1\nFrom: <sip:102@x>",)), Fault.BAD_HEADER),
    "bare carriage return": (message(extra=("X-A: 1\rFrom: <sip:102@x>",)), Fault.BAD_HEADER),
    "null in a header": (message(extra=("X-A: \x00",)), Fault.BAD_HEADER),
    "no colon": (message(extra=("garbage",)), Fault.BAD_HEADER),
    "name with a space": (message(extra=("X A: 1",)), Fault.BAD_HEADER),
    "folded first line": ("OPTIONS sip:x SIP/2.0\r\n folded\r\n\r\n", Fault.BAD_HEADER),
    "two From": (message(extra=("From: <sip:102@x>",)), Fault.REPEATED_HEADER),
    "two From, one compact": (message(extra=("f: <sip:102@x>",)), Fault.REPEATED_HEADER),
    "two lengths": (message(extra=("l: 5",)), Fault.REPEATED_HEADER),
    "no From": (GOOD.replace("From:", "X-From:"), Fault.MISSING_HEADER),
    "no Via": (GOOD.replace("Via:", "X-Via:"), Fault.MISSING_HEADER),
    "empty Call-ID": (GOOD.replace("Call-ID: c1", "Call-ID: "), Fault.MISSING_HEADER),
    "CSeq of another method": (message(cseq="1 INVITE"), Fault.BAD_HEADER),
    "CSeq not a number": (message(cseq="one REGISTER"), Fault.BAD_HEADER),
    "CSeq too large": (message(cseq="2147483648 REGISTER"), Fault.BAD_HEADER),
    "length not a number": (message(length="-1"), Fault.BAD_LENGTH),
    "length in other digits": (message(length="٠"), Fault.BAD_LENGTH),
    "body longer than declared": (message(body="v=0\r\nREGISTER", length="5"), Fault.BAD_LENGTH),
    "body shorter than declared": (message(body="v=0", length="5"), Fault.BAD_LENGTH),
}


@pytest.mark.parametrize(("text", "fault"), MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_message_is_refused_with_its_fault(text: str, fault: Fault) -> None:
    with pytest.raises(SipError) as caught:
        sip.parse(text)
    assert caught.value.fault is fault
    assert str(fault) in str(caught.value)


def test_largest_message_is_accepted() -> None:
    spare = sip.MAX_BYTES - len(message(body="").encode()) - len("65000") + 1
    text = message(body="a" * spare)
    assert len(text.encode()) == sip.MAX_BYTES
    assert sip.parse(text).body == "a" * spare


@pytest.mark.parametrize(("text", "expected"), [("\r\n", True), ("\r\n\r\n", True), ("", False), ("\n", False)])
def test_keep_alive(text: str, expected: bool) -> None:
    assert sip.is_keep_alive(text) is expected


USERS = {
    "plain": ("<sip:101@x>;tag=1", "101"),
    "without brackets": ("sip:101@x;tag=1", "101"),
    "with name": ('"Иванова А. <старшая>" <sip:101@x>', "101"),
    "quoted quote": (r'"a\"<sip:102@x>" <sip:101@x>', "101"),
    "sips": ("<sips:101@x:5061;transport=ws>", "101"),
    "escaped": ("<sip:%31%30%31@x>", "101"),
    "with password": ("<sip:101:pw@x>", "101"),
    "no user": ("<sip:x>", None),
    "telephone": ("<tel:101>", None),
    "not closed": ("<sip:101@x", None),
    "name only": ('"101"', None),
    "two addresses": ("sip:102@x <sip:101@x>", None),
    "list": ("<sip:101@x>, <sip:102@x>", "101"),
    "empty": ("", None),
}


@pytest.mark.parametrize(("value", "user"), USERS.values(), ids=USERS.keys())
def test_user_of(value: str, user: str | None) -> None:
    assert sip.user_of(value) == user


@pytest.mark.parametrize("method", sorted(sip.BROWSER_METHODS))
def test_own_requests_pass(method: str) -> None:
    sip.check_from_browser(sip.parse(message(f"{method} sip:x SIP/2.0", cseq=f"1 {method}")), "101")


def test_responses_pass() -> None:
    sip.check_from_browser(sip.parse(message("SIP/2.0 200 OK", sender="<sip:999@x>;tag=z")), "101")


FOREIGN = {
    "other extension": ("REGISTER", "<sip:102@x>", "<sip:102@x>", Fault.FOREIGN_IDENTITY),
    "register for another": ("REGISTER", "<sip:101@x>", "<sip:102@x>", Fault.FOREIGN_IDENTITY),
    "call as another": ("INVITE", '"101" <sip:102@x>', "<sip:103@x>", Fault.FOREIGN_IDENTITY),
    "call as the trunk": ("INVITE", "<sip:trunk@x>", "<sip:103@x>", Fault.FOREIGN_IDENTITY),
    "longer number": ("INVITE", "<sip:1010@x>", "<sip:103@x>", Fault.FOREIGN_IDENTITY),
    "user parameter": ("INVITE", "<sip:101;a=b@x>", "<sip:103@x>", Fault.FOREIGN_IDENTITY),
    "anonymous": ("INVITE", "<sip:anonymous.invalid>", "<sip:103@x>", Fault.FOREIGN_IDENTITY),
    "refer": ("REFER", "<sip:101@x>", "<sip:103@x>", Fault.METHOD_NOT_ALLOWED),
    "message": ("MESSAGE", "<sip:101@x>", "<sip:103@x>", Fault.METHOD_NOT_ALLOWED),
    "subscribe": ("SUBSCRIBE", "<sip:101@x>", "<sip:103@x>", Fault.METHOD_NOT_ALLOWED),
}


@pytest.mark.parametrize(("method", "sender", "to", "fault"), FOREIGN.values(), ids=FOREIGN.keys())
def test_foreign_requests_are_refused(method: str, sender: str, to: str, fault: Fault) -> None:
    request = sip.parse(message(f"{method} sip:x SIP/2.0", sender=sender, to=to, cseq=f"1 {method}"))
    with pytest.raises(SipError) as caught:
        sip.check_from_browser(request, "101")
    assert caught.value.fault is fault


def test_response_to_a_request_keeps_what_the_transaction_needs() -> None:
    request = sip.parse(message("INVITE sip:x SIP/2.0", cseq="5 INVITE", extra=("Via: SIP/2.0/UDP p;branch=z9hG4bK9",)))
    answer = sip.parse(sip.respond(request, 403, "no", to_tag="t9").text())
    assert (answer.status, answer.reason, answer.method, answer.cseq) == (403, "no", "INVITE", 5)
    assert answer.all("via") == request.all("via")
    assert sip.parameter(answer.need("to"), "tag") == "t9"
    assert answer.call_id == request.call_id


def test_response_inside_a_dialog_keeps_its_tag() -> None:
    request = sip.parse(message(to="<sip:101@x>;tag=old"))
    assert sip.parameter(sip.respond(request, 200, "OK", to_tag="new").need("to"), "tag") == "old"


def test_parameter_is_not_taken_from_inside_the_address() -> None:
    assert sip.parameter('"a;tag=x" <sip:1@h;tag=y>;Tag=z', "tag") == "z"
    assert sip.parameter("<sip:1@h;tag=y>", "tag") is None
