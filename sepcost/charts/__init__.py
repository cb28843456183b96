"""Charts: pictures of results, drawn by Altair."""
