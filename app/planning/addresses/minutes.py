"""Addresses of the page that joins power and design: participants and minutes."""

from django.urls import URLPattern, URLResolver

patterns: list[URLPattern | URLResolver] = []
