"""Sources of networks: YAML, JSON Lines, costs from earlier, models, programs and weights in files."""
