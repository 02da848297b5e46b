"""Prometheus metrics of the web part. Labels are route patterns and status classes: a bounded set, no personal data."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hotline.events import Bus
from hotline.softphone.proxy import SipProxy
from hotline.web.push import PushHub

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class WebMetrics:
    """The web part's own registry: several applications may live in one process (tests), each with its numbers."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "hotline_http_requests", "Requests answered.", ("method", "route", "status"), registry=self._registry
        )
        self.seconds = Histogram(
            "hotline_http_request_seconds",
            "Time to answer, without WebSockets.",
            ("route",),
            registry=self._registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
        )

    def watch(self, hub: PushHub, bus: Bus, sip: SipProxy) -> None:
        """Report the hub, the bus and the telephones' proxy as well."""
        self._registry.register(_Watched(hub, bus))
        self._registry.register(_Telephones(sip))

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        self.requests.labels(method, route, str(status)).inc()
        self.seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """Return everything in Prometheus' text format, the other packages' metrics included."""
        return generate_latest(self._registry) + generate_latest(REGISTRY)


class _Watched(Collector):
    def __init__(self, hub: PushHub, bus: Bus) -> None:
        self._hub = hub
        self._bus = bus

    def collect(self) -> Iterator[Metric]:
        counters = self._hub.counters
        yield _gauge("hotline_push_clients", "Browsers connected to the push hub.", len(self._hub))
        yield _gauge("hotline_push_waiting", "Messages waiting for slow browsers.", self._hub.waiting)
        yield CounterMetricFamily("hotline_push_sent", "Messages written to browsers.", value=counters.sent)
        yield CounterMetricFamily("hotline_push_overflows", "Browsers closed as too slow.", value=counters.overflows)
        waiting = GaugeMetricFamily("hotline_bus_waiting", "Facts waiting for a subscriber.", labels=["subscriber"])
        errors = CounterMetricFamily("hotline_bus_errors", "Facts a subscriber failed on.", labels=["subscriber"])
        dropped = CounterMetricFamily("hotline_bus_dropped", "Facts dropped at overflow.", labels=["subscriber"])
        for one in self._bus.subscriptions:
            waiting.add_metric([one.name], len(one.waiting))
            errors.add_metric([one.name], one.errors)
            dropped.add_metric([one.name], one.dropped)
        yield from (waiting, errors, dropped)


class _Telephones(Collector):
    def __init__(self, sip: SipProxy) -> None:
        self._sip = sip

    def collect(self) -> Iterator[Metric]:
        stats = self._sip.stats
        yield _gauge("hotline_sip_connected", "Telephones connected through the proxy.", len(self._sip.connected))
        yield CounterMetricFamily("hotline_sip_opened", "Telephones that connected.", value=stats.opened)
        yield CounterMetricFamily("hotline_sip_replaced", "Replaced by a newer connection.", value=stats.replaced)
        yield CounterMetricFamily(
            "hotline_sip_upstream_failures", "Asterisk did not accept a connection.", value=stats.upstream_failures
        )
        messages = CounterMetricFamily("hotline_sip_messages", "SIP messages passed on.", labels=["direction"])
        messages.add_metric(["from_browser"], stats.from_browser)
        messages.add_metric(["to_browser"], stats.to_browser)
        refused = CounterMetricFamily("hotline_sip_refused", "SIP messages refused, by fault.", labels=["fault"])
        for fault, count in sorted(stats.refused.items()):
            refused.add_metric([str(fault)], count)
        yield from (messages, refused)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)
