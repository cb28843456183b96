"""What people see of a result: titles, columns, rows and notes; each format draws them."""
