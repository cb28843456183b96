"""Documents that programs read: JSON of each result, and networks as configs."""
