"""The page of ``--format html``: its templates, its styles and scripts, and what is put into them."""
