"""Pages of designs, and what our own client asks."""
