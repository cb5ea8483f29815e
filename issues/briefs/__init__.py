"""The 08:00 brief and the weekly sheet: whose they are and what is counted in them."""
