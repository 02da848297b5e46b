"""Quality of conversations: sheets, samples, scores, calibration, what citizens said (DAY-37; docs/quality.md)."""
