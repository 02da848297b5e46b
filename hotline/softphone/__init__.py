"""The bridge between a browser and Asterisk, and a telephone without a browser.

``proxy`` carries SIP over WebSocket, ``accounts`` gives every login its own SIP password, ``headless`` is a telephone
in Python, ``line_check`` uses it to prove that the hotline can be talked through.
"""
