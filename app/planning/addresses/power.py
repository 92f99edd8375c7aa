"""Addresses of power analyses, below /planning/power/."""

from django.urls import URLPattern, URLResolver

patterns: list[URLPattern | URLResolver] = []
