"""The only writers of this area, by subject."""
