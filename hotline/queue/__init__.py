"""Operators' states, their membership in Asterisk's queues, and the live board."""
