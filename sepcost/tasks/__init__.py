"""What people do: compare, check, diff. Each task gives results and problems as data, and prints nothing."""
