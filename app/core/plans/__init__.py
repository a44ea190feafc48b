"""Plans: the statements that close an incident, judged on the lake as it would be."""
