"""The revisions: `vNNNN_what.py` holds revision NNNN."""
