"""Asterisk's render settings from the environment: ``HOTLINE_ASTERISK_<FIELD>``, ``HOTLINE_ASTERISK_TRUNK__<FIELD>``.

Kept apart from :class:`~hotline.stand.rendering.AsteriskRenderSettings` so that a test's stand never depends on what
the shell happens to export. Lists and maps are JSON.
"""

from __future__ import annotations

from pydantic_settings import BaseSettings, SettingsConfigDict

from hotline.stand.rendering import AsteriskRenderSettings


class RenderEnvironment(AsteriskRenderSettings, BaseSettings):
    """The settings of one production Asterisk."""

    model_config = SettingsConfigDict(
        env_prefix="HOTLINE_ASTERISK_", env_nested_delimiter="__", extra="ignore", hide_input_in_errors=True
    )
