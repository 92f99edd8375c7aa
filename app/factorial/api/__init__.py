"""Designs for programs."""
