"""Validates what the user sets: arguments, mirrors.toml, and settings."""
