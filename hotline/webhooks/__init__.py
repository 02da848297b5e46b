"""Webhooks: events told to other systems, signed, tried again for a day (docs/integrations.md, ADR 0040)."""
