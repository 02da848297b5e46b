"""Statistics from our own call records, and the proof of them (R-09, DAY-34, DAY-42; docs/statistics.md)."""
