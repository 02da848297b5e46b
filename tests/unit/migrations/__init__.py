"""Migrations: their guard and their fit."""
