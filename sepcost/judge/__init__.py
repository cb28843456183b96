"""Judging: what a result is held to: budgets, a baseline, another network, a witness."""
