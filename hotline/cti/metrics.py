"""Prometheus metrics of the telephony part; every one carries the server's name."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

EVENTS = Counter("hotline_ami_events_total", "AMI events folded", ["asterisk", "event"])
PROBLEMS = Counter(
    "hotline_ami_problems_total",
    "Things that went wrong on the way from AMI to the calls: malformed, handler, overflow, sync",
    ["asterisk", "problem"],
)
LINK_UP = Gauge("hotline_ami_link_up", "1 when the picture of this Asterisk is live", ["asterisk"])
LINK_CHANGES = Counter("hotline_ami_link_changes_total", "Changes of the link's state", ["asterisk", "state"])
BACKLOG = Gauge("hotline_ami_backlog", "Events read but not folded yet", ["asterisk"])
LAG = Histogram(
    "hotline_ami_lag_seconds",
    "From reading an event off the socket to the end of its handling; the longest of each second, 0: at once",
    ["asterisk"],
    buckets=(0.001, 0.005, 0.02, 0.1, 0.5, 2, 10),
)
CALLS = Gauge("hotline_calls_live", "Calls going on now", ["asterisk"])
ENDED = Counter("hotline_calls_ended_total", "Calls that ended", ["asterisk", "outcome", "source"])
WAIT = Histogram(
    "hotline_call_wait_seconds",
    "From joining the queue to the answer or the end",
    ["asterisk"],
    buckets=(5, 10, 20, 30, 60, 120, 300, 900),
)
IMPORTED = Counter("hotline_log_calls_total", "Calls rebuilt from Asterisk's log files", ["asterisk"])
