"""Backups: one snapshot of the database with the recordings and files of cards that belong to it (docs/backup.md)."""
