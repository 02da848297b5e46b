"""Reads ``CHANNEL(rtcp,all)``: what Asterisk's RTP counted on a channel. Pure.

Asterisk 22, res/res_rtp_asterisk.c: ``ssrc=…;themssrc=…;lp=…;rxjitter=…;rxcount=…;txjitter=…;txcount=…;rlp=…;rtt=…;…``,
jitter and round trip in seconds.
"""

from __future__ import annotations

from hotline.cti.model import LineReport

_MS = 1000.0


def parse(text: str) -> LineReport | None:
    """Return the report; ``None`` when this is none (no RTP on the channel yet, another kind of channel)."""
    values = dict(part.partition("=")[::2] for part in text.split(";"))
    try:
        trip = float(values["rtt"]) * _MS
        return LineReport(
            received=int(values["rxcount"]),
            lost=max(0, int(values["lp"])),
            jitter_ms=float(values["rxjitter"]) * _MS,
            sent=int(values["txcount"]),
            sent_lost=max(0, int(values["rlp"])),
            sent_jitter_ms=float(values["txjitter"]) * _MS,
            rtt_ms=trip if trip > 0 else None,
        )
    except (KeyError, ValueError):
        return None
