"""Targets: the group bots and webhooks an admin allows, and the hosts they may lie on."""
