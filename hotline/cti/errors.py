"""Errors of the telephony part::

Conflict
 └── CommandRefused   409  Asterisk understood a command and said no; the message is Asterisk's own
HotlineError
 └── MalformedEvent   500  an event lacks a header that Asterisk always sends: a bug or a wrong manager.conf
"""

from __future__ import annotations

from hotline.errors import Conflict, HotlineError


class CommandRefused(Conflict):
    """Asterisk answered ``Response: Error``."""

    default_id = "command-refused"


class MalformedEvent(HotlineError):
    """An event cannot be understood; the message names the event and the header."""

    default_id = "malformed-event"
