"""What formats for people draw with: pages, columns, formulas, and text that each shows as it is."""
