"""``hotline load``: operators and citizens without people, against a real hotline, and whether its journal is right."""
