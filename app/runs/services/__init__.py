"""The only writers of what participants did."""
