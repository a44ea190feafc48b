"""The demonstration lake: a made-up company's metastore with June 2026's mistake in it."""

from app.demo.build import Counts, Demonstration, build_demonstration

__all__ = ["Counts", "Demonstration", "build_demonstration"]
