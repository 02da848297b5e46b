"""Process profiles as data (domain 2.1): classifiers, statuses, forwarding, deadlines, roles. One folder a profile."""
