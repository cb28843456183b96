"""What a machine is, and the time that layers take on it: arithmetic, no clock."""
