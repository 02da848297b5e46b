"""What the answers of citizens after a call mean (DAY-37, R-14). Pure; statistics and quality judge by the same."""

from __future__ import annotations

SATISFIED = 4
"""CSAT counts those who gave 4 or 5."""
LOW = 2
"""1 and 2: somebody should listen to this call."""
PROMOTER, DETRACTOR = 9, 6
"""Net promoter score: who says 9 or 10 recommends, who says 0 to 6 does the contrary (Reichheld, HBR 12/2003)."""
