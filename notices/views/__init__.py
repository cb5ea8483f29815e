"""Pages of the notices; each works without JavaScript."""
