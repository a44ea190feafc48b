"""Lakewarden: who can read what they should not in a data lake."""

__version__ = "0.1.0"
