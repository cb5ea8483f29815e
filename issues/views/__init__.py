"""The door for people: pages. They decide nothing."""
