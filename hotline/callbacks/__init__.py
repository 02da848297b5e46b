"""Citizens who were not served: one duty for each of them, until somebody has served him (docs/callbacks.md)."""
