"""The application: routes, middlewares, start and stop. ``make_app`` is all that ``hotline.app`` needs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

from hotline.web.access import require_declared
from hotline.web.assets import BUILD_DIR, PREFIX
from hotline.web.board_news import BoardNews
from hotline.web.card_news import CardNews
from hotline.web.context import BOARD, COURIER, HUB, METRICS, PERSON_NEWS, SERVICES
from hotline.web.courier import CardCourier
from hotline.web.metrics import WebMetrics
from hotline.web.middlewares import BODY_LIMITS, add_security_headers, explain_errors, guard, observe, read_in_language
from hotline.web.parking import ParkingNews
from hotline.web.person_news import PersonNews
from hotline.web.push_callbacks import CallbackNews
from hotline.web.push_messages import Announcer
from hotline.web.render import ENVIRONMENT, make_environment, warm_up
from hotline.web.routes import add_routes
from hotline.web.services import Services
from hotline.web.supervision_news import SupervisionNews
from hotline.web.v1.gate import PACE, Pace


def make_app(services: Services) -> web.Application:
    """Return the web application over ``services``; it starts and stops its push hub itself."""
    app = web.Application(
        middlewares=[observe, read_in_language, explain_errors, guard], client_max_size=max(BODY_LIMITS.values())
    )
    announcer = Announcer(services)
    metrics = WebMetrics()
    metrics.watch(announcer.hub, services.bus, services.sip)
    app[SERVICES] = services
    app[HUB] = announcer.hub
    courier = CardCourier(services, announcer.hub)
    app[COURIER] = courier
    parking = ParkingNews(services, announcer.hub)
    card_news = CardNews(services, announcer)
    person_news = PersonNews(services, announcer.hub)
    app[PERSON_NEWS] = person_news
    board_news = BoardNews(services.board, services.alarms, announcer.hub)
    app[BOARD] = board_news
    callback_news = CallbackNews(services, announcer.hub)
    supervision_news = SupervisionNews(services, announcer.hub)
    app[METRICS] = metrics
    app[PACE] = Pace(services.clock, services.settings.api_per_minute)
    app[ENVIRONMENT] = make_environment()
    add_routes(app)
    if BUILD_DIR.is_dir():
        app.router.add_static(PREFIX, BUILD_DIR, name="static")
    require_declared(app, PREFIX)
    app.on_response_prepare.append(add_security_headers)

    async def warm(_: web.Application) -> None:
        await asyncio.to_thread(warm_up, app[ENVIRONMENT])

    async def announce(_: web.Application) -> AsyncIterator[None]:
        announcer.start()
        courier.start()
        parking.start()
        card_news.start()
        person_news.start()
        board_news.start()
        callback_news.start()
        supervision_news.start()
        yield
        await supervision_news.close()
        await callback_news.close()
        await board_news.close()
        await person_news.close()
        await card_news.close()
        await parking.close()
        await courier.close()

    async def stop_announcing(_: web.Application) -> None:
        # At shutdown, not at clean-up: open WebSockets would otherwise keep the server waiting for its time-out.
        await announcer.close()

    app.on_startup.append(warm)
    app.cleanup_ctx.append(announce)
    app.on_shutdown.append(stop_announcing)
    return app
