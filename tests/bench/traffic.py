"""A stream of AMI events as Asterisk sends it: captured conversations, made many, among VarSet and RTCP noise."""

from __future__ import annotations

import random
import re

from hotline.cti.framing import Message
from hotline.cti.testing import encode
from tests.unit.cti.captured import messages

# A channel as Asterisk writes it (main/manager_channels.c): the captured tables leave the constant lines out.
_CHANNEL = {
    "Channel": None,
    "ChannelState": None,
    "ChannelStateDesc": "Up",
    "CallerIDNum": None,
    "CallerIDName": "Щербакова",
    "ConnectedLineNum": "88001000000",
    "ConnectedLineName": "<unknown>",
    "Language": "ru",
    "AccountCode": "",
    "Context": None,
    "Exten": None,
    "Priority": "1",
    "Uniqueid": None,
    "Linkedid": None,
}
_BRIDGE = {
    "BridgeType": "basic",
    "BridgeCreator": "<unknown>",
    "BridgeName": "<unknown>",
    "BridgeNumChannels": "2",
    "BridgeVideoSourceMode": "none",
}
_VARIABLES = ("CALL_ID", "CARD_ID")
NOISE_SHARE = 0.67  # performance.md 1: a third of the stream is wanted


def _noise(name: str) -> bytes:
    return encode({"Event": name, "Timestamp": "1795327993.195985", **{f"Header{n}": f"value-{n}" for n in range(19)}})


def as_sent(message: Message) -> bytes:
    """Write a captured event with the lines and in the order of Asterisk 22."""
    told = dict(message.headers)
    lines: dict[str, str | list[str]] = {"Event": told.pop("Event"), "Privilege": "call,all"}
    lines |= {"Timestamp": told.pop("Timestamp"), "SystemName": "pbx1"}
    channels: dict[str, str | list[str]] = {}
    for prefix in ("", "Dest"):
        if prefix + "Channel" in told:
            block = {prefix + name: value for name, value in _CHANNEL.items()}
            channels |= {name: told.pop(name) if value is None else value for name, value in block.items()}
            known = dict(pair.partition("=")[::2] for pair in message.repeated.get(prefix + "ChanVariable", []))
            channels[prefix + "ChanVariable"] = [f"{name}={known.get(name, '')}" for name in _VARIABLES]
    if "BridgeUniqueid" in told:
        return encode(lines | told | _BRIDGE | channels)
    return encode(lines | channels | told)


def conversation() -> list[bytes]:
    """Return the events of one warm transfer, as sent."""
    return [as_sent(message) for message in messages("consult_complete")]


def stream(conversations: int) -> tuple[bytes, int]:
    """Return the bytes of many conversations, one after the other, and the number of events in them."""
    chance = random.Random(1)
    noise = [_noise("VarSet"), _noise("RTCPReceived"), _noise("Newexten")]
    templates = conversation()
    blocks: list[bytes] = []
    for number in range(conversations):
        own = f"pbx1-{number + 1}.".encode()
        for template in templates:
            while chance.random() < NOISE_SHARE:
                blocks.append(chance.choice(noise))
            blocks.append(re.sub(rb"pbx1-\d+\.", own, template))
    return b"".join(blocks), len(blocks)
