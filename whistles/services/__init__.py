"""Every write to whistles: one act, one function, one transaction with the issue's timeline."""
