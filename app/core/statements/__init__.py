"""Statements that change who can do what, parsed from SQL text: types, and a parser a dialect."""
