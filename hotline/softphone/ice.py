"""ICE servers for browsers: a TURN relay with passwords that end by themselves. Pure.

Coturn's ``use-auth-secret`` (draft-uberti-behave-turn-rest-00): the user name is the moment of expiry and a name, the
password is its HMAC-SHA1 under the secret that the service and the TURN server share. So no lasting password of the
relay ever reaches a browser.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Any


def ice_servers(urls: Sequence[str], secret: str, user_id: int, expires_at: datetime) -> list[dict[str, Any]]:
    """Return the list for ``RTCPeerConnection`` (W3C WebRTC, RTCIceServer); empty without a relay.

    :param expires_at: when the relay stops accepting the password for new allocations and their refreshes.
    """
    if not urls:
        return []
    username = f"{int(expires_at.timestamp())}:{user_id}"
    digest = hmac.digest(secret.encode(), username.encode(), "sha1")
    return [{"urls": list(urls), "username": username, "credential": base64.b64encode(digest).decode()}]
