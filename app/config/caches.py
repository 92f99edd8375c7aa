"""Turn ``CACHE_URL`` into Django's settings: the site's database by default, Redis or memcached."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured

from config import addresses

WAIT_S = 1  # a cache that is slower than the database is no help
REMEDY = (
    "Use redis://host:6379/0, rediss://…, unix:///path/redis.sock, memcached://host:11211 or leave "
    "it empty for the site's database; docs/operations/environment.md has examples."
)


def from_url(url: str) -> dict[str, Any]:
    """Return the ``CACHES`` entry for ``url``."""
    scheme = addresses.read("CACHE_URL", url).scheme
    if not url:
        return _database()
    if scheme in {"redis", "rediss", "unix"}:
        return _redis(url)
    if scheme == "memcached":
        return _memcached(url)
    raise ImproperlyConfigured(f"CACHE_URL has the scheme {scheme!r}. {REMEDY}")


def _database() -> dict[str, Any]:
    return {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "ops_cache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }


def _redis(url: str) -> dict[str, Any]:
    return {
        "BACKEND": "common.caching.ResilientRedisCache",
        "LOCATION": url,
        "KEY_PREFIX": "studium",
        "OPTIONS": {"socket_connect_timeout": WAIT_S, "socket_timeout": WAIT_S},
    }


def _memcached(url: str) -> dict[str, Any]:
    parts = addresses.read("CACHE_URL", url)
    if not parts.netloc and not parts.path:
        raise ImproperlyConfigured(f"CACHE_URL names no memcached server. {REMEDY}")
    return {
        "BACKEND": "common.caching.ResilientMemcachedCache",
        "LOCATION": parts.netloc.rpartition("@")[2] or f"unix:{parts.path}",
        "KEY_PREFIX": "studium",
        "OPTIONS": {"connect_timeout": WAIT_S, "timeout": WAIT_S},
    }
