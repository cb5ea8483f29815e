"""Facts, lights, verbs and reasons, built once for page and API alike."""
