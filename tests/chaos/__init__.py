"""``make chaos``: parts of a whole hotline are killed, paused, cut off and filled up under 50 live calls (issue 6).

docs/chaos.md says what is done, what must hold, and what came of it.
"""
