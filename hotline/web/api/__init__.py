"""The JSON API that the page's scripts call. docs/api.md describes every address."""
