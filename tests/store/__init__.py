"""The state database: one suite, run on SQLite and on PostgreSQL."""
