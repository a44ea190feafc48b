"""How the state database came to its present shape, one revision after the other."""
