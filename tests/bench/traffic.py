"""A stream of AMI events as Asterisk sends it: captured conversations, made many, among VarSet and RTCP noise."""

from __future__ import annotations

import random
import re

from hotline.cti.testing import encode
from tests.unit.cti.captured import messages

# Headers of every channel event that the captured tables leave out.
_FILLER = {
    "Privilege": "call,all",
    "SystemName": "pbx1",
    "ChannelStateDesc": "Up",
    "CallerIDName": "Щербакова",
    "ConnectedLineNum": "88001000000",
    "ConnectedLineName": "<unknown>",
    "Language": "ru",
    "AccountCode": "",
    "Priority": "1",
    "BridgeType": "basic",
    "BridgeCreator": "<unknown>",
    "BridgeName": "<unknown>",
}
NOISE_SHARE = 0.67  # performance.md 1: a third of the stream is wanted


def _noise(name: str) -> bytes:
    return encode({"Event": name, "Timestamp": "1795327993.195985", **{f"Header{n}": f"value-{n}" for n in range(19)}})


def stream(conversations: int) -> tuple[bytes, int]:
    """Return the bytes of many conversations, one after the other, and the number of events in them."""
    chance = random.Random(1)
    noise = [_noise("VarSet"), _noise("RTCPReceived"), _noise("Newexten")]
    templates = []
    for message in messages("consult_complete"):
        headers: dict[str, str | list[str]] = {**message.headers, **_FILLER, **message.repeated}
        templates.append(encode(headers))
    blocks: list[bytes] = []
    for number in range(conversations):
        own = f"pbx1-{number + 1}.".encode()
        for template in templates:
            while chance.random() < NOISE_SHARE:
                blocks.append(chance.choice(noise))
            blocks.append(re.sub(rb"pbx1-\d+\.", own, template))
    return b"".join(blocks), len(blocks)
