"""Speed and memory, beside peers and physical limits in the same run."""
