"""The web application: pages, JSON API, push hub and translation. Everything it knows comes from services."""
