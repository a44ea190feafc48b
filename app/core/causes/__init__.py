"""Causes: which removable thing did it, so that many exposures become few incidents."""
