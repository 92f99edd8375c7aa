"""Addresses of plans of tasks and their designs, below /planning/designs/."""

from django.urls import URLPattern, URLResolver

patterns: list[URLPattern | URLResolver] = []
