"""A page with nothing but the browser's telephone: frontend/src/phone bundled as it is, driven from the test."""

from __future__ import annotations

import asyncio
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web
from playwright.async_api import Page

from hotline.softphone.model import SoftphoneAccount

FRONTEND = Path(__file__).parents[2] / "frontend"
WITHIN_S = 15.0
AUDIBLE_DB = -50.0

PAGE = """<!doctype html><meta charset="utf-8"><title>telephone</title>
<body><script src="/phone.js"></script><script>window.phone = telephone.createPhone();</script></body>"""

EARS = """async (hz) => {
  const audio = document.querySelector("audio[data-phone-call]");
  if (!audio || !audio.srcObject) return -200;
  const context = (window.ears ??= new AudioContext());
  const analyser = context.createAnalyser();
  analyser.fftSize = 8192;
  context.createMediaStreamSource(audio.srcObject).connect(analyser);
  await new Promise((resolve) => setTimeout(resolve, 400));
  const levels = new Float32Array(analyser.frequencyBinCount);
  analyser.getFloatFrequencyData(levels);
  const bin = Math.round((hz * analyser.fftSize) / context.sampleRate);
  return Math.max(...levels.slice(bin - 1, bin + 2));
}"""
"""Level in dB of one tone in what the operator hears. A real AudioContext needs real time: 400 ms of sound."""


async def bundle(folder: Path) -> Path:
    """Bundle the telephone for a plain page."""
    target = folder / "phone.js"
    command = [
        str(FRONTEND / "node_modules/.bin/esbuild"),
        "src/phone/index.ts",
        *("--bundle", "--format=iife", "--global-name=telephone", "--log-level=warning", f"--outfile={target}"),
    ]
    await asyncio.to_thread(subprocess.run, command, cwd=FRONTEND, check=True, timeout=60)
    return target


def add_page(app: web.Application, script: Path) -> None:
    """Serve the page on ``/`` beside ``/sip``."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    async def code(_: web.Request) -> web.FileResponse:
        return web.FileResponse(script)

    app.router.add_get("/", page)
    app.router.add_get("/phone.js", code)


@dataclass
class PhonePage:
    """The telephone in a page."""

    page: Page

    async def do(self, expression: str) -> None:
        """Run ``phone.<expression>``; what it returns is not waited for."""
        await self.page.evaluate(f"() => {{ void phone.{expression}; }}")

    async def view(self) -> dict[str, Any]:
        return dict(await self.page.evaluate("() => phone.view"))

    async def start(self, account: SoftphoneAccount, *, how: str = "start") -> None:
        """Start and wait for the outcome of the microphone check."""
        given = {
            "uri": account.uri,
            "password": account.password,
            "ws": f"/sip?extension={account.extension}",
            "iceServers": [],
        }
        await self.page.evaluate(f"(account) => phone.{how}(account)", given)

    async def until(self, condition: str) -> dict[str, Any]:
        """Wait until ``condition`` holds for ``view`` and ``call`` (the last one); return the view."""
        script = f"() => {{ const view = phone.view; const call = view.calls.at(-1); return {condition}; }}"
        await self.page.wait_for_function(script, timeout=WITHIN_S * 1000, polling=50)
        return await self.view()

    async def hears(self, hz: float) -> None:
        """Wait until the operator hears ``hz``: sound comes a moment after the call, on a busy machine later."""
        async with asyncio.timeout(WITHIN_S):
            while await self.level(hz) <= AUDIBLE_DB:
                pass

    async def level(self, hz: float) -> float:
        """Level in dB of ``hz`` in what the operator hears now."""
        return float(await self.page.evaluate(EARS, hz))
