"""Addresses of links that were shared, below /planning/shared/."""

from django.urls import URLPattern, URLResolver

patterns: list[URLPattern | URLResolver] = []
