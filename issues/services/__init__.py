"""Every write to issues: one verb, one function, one transaction."""
