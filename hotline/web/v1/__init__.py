"""``/api/v1``: the interface for other systems (docs/integrations.md, ADR 0034). Its shapes are its document."""
