"""Designs that are ready to be tried out."""
