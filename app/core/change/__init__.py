"""What a change to grants does: statements applied over a snapshot, effects and findings."""
