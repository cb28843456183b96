"""Costs from earlier as JSON: what ``compare`` writes, and baselines."""
