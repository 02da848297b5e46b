"""The supervisor's live board: queues, operators, today's figures, alarms, the wallboard (DAY-34, DAY-36)."""
