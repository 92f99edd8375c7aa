"""Studium as containers: what runs inside of them, and the commands that bring them up."""
