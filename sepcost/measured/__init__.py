"""What was measured: samples of times, rows of a benchmark, and how far off a prediction is. No clock, no torch."""
