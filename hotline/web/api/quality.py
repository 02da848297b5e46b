"""How a call sounded, for programs (docs/api.md)."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from hotline.softphone.line_rules import LineQuality, disagreements
from hotline.softphone.quality_rules import LegQuality, verdict
from hotline.web.context import current_user, services
from hotline.web.push_messages import at


async def of_call(request: web.Request) -> web.Response:
    """Answer the kept figures of a call that the user may see, leg by leg. A running call has those of past minutes.

    :raises NotFound: there is no such call, or it is none of his.
    """
    key = request.match_info["key"]
    await services(request).calls.get(current_user(request), key)
    legs = (await services(request).quality.of_calls([key])).get(key, ())
    lines = (await services(request).lines.of_calls([key])).get(key, ())
    differ = disagreements(legs, lines)
    return web.json_response(
        {
            "call_key": key,
            "legs": [_leg(leg) for leg in legs],
            "lines": [_line(line) for line in lines],
            "disagreements": {extension: sorted(what) for extension, what in sorted(differ.items())},
        }
    )


def _line(line: LineQuality) -> dict[str, Any]:
    return {
        "leg": line.leg,
        "extension": line.extension,
        "first_at": at(line.first_at),
        "last_at": at(line.last_at),
        "received": line.received,
        "lost": line.lost,
        "loss_pct": round(line.loss_pct, 2),
        "jitter_max_ms": round(line.jitter_max_ms, 1),
        "sent": line.sent,
        "sent_lost": line.sent_lost,
        "sent_loss_pct": round(line.sent_loss_pct, 2),
        "sent_jitter_max_ms": round(line.sent_jitter_max_ms, 1),
        "rtt_max_ms": round(line.rtt_max_ms, 1) if line.rtt_max_ms is not None else None,
    }


def _leg(leg: LegQuality) -> dict[str, Any]:
    score = leg.mos
    return {
        "leg": leg.leg,
        "extension": leg.extension,
        "first_at": at(leg.first_at),
        "last_at": at(leg.last_at),
        "mos": round(score, 2) if score is not None else None,
        "mos_min": round(leg.mos_min, 2) if score is not None else None,
        "verdict": verdict(score) if score is not None else None,
        "loss_pct": round(leg.loss_pct, 2),
        "received": leg.received,
        "lost": leg.lost,
        "jitter_max_ms": round(leg.jitter_max_ms, 1),
        "rtt_max_ms": round(leg.rtt_max_ms, 1) if leg.rtt_max_ms is not None else None,
        "alarms": leg.alarms,
        "alarm_s": round(leg.alarm_s, 1),
    }
