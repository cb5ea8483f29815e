"""What happens by itself when a limit is not kept: claims, steps, catching up, and its audit."""
