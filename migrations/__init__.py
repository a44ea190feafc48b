"""How the state database came to its present shape, one revision after the other.

A new revision is a new file `versions/vNNNN_what.py` with the next number, written by
hand; the tests compare what all of them build with `app.store.tables`. A revision that
rebuilds `questions` must make its append-only triggers again.
"""
