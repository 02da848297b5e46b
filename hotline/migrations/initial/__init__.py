"""The tables of the initial schema, a module for each topic; ``versions/0001`` calls them in order."""
