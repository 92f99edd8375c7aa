"""Addresses of searches: how far they are, and their end."""

from django.urls import URLPattern, URLResolver

patterns: list[URLPattern | URLResolver] = []
