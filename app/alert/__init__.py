"""Deciding who is told what, and telling them. The only importer of the HTTP client."""
