"""Hotline: a contact centre for public hotlines on Asterisk, asyncio and PostgreSQL."""

__version__ = "0.1.0"
