"""What supervisors do with operators at work: take part in conversations, force states, write, help (issue 5)."""
