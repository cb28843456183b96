"""Judging: results are compared with budgets, a baseline, another network, a witness."""
