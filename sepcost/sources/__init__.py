"""Sources: whatever gives networks: YAML, JSON Lines, costs from earlier, models."""
