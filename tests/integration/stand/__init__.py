"""The stand's parts on a real database."""
