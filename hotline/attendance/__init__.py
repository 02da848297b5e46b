"""Attendance: who should work when, and who did (S001A-08, S001A-13, S001A-14)."""
