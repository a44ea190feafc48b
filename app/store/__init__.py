"""The state database: what lives on between runs.

Functions take a session from `database.session_scope` (or `reading_scope`) and plain
arguments, and return frozen dataclasses. The edge that opened the session owns the
transaction: nothing in here commits.
"""
