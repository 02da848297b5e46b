"""Private PostgreSQL and Asterisk for `make run` and the tests; rendering of Asterisk's configuration."""
