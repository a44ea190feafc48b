"""The REST API: its resources, and what is around them."""
