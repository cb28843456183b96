"""Networks: named layers whose shapes chain; scaled, selected, and what is alive when."""
