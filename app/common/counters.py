"""Count attempts without races: each hit is one statement, whatever holds the counters.

With a cache server its own atomic counter is used; without one, or when it is lost, the database
counts in a single upsert. So a limit holds across processes, and losing the cache lifts none.
"""

import time
from hashlib import sha256

from django.core.cache import cache, caches
from django.db import connection

from common.caching import CacheLost, ResilientMemcachedCache, ResilientRedisCache

TABLE = "ops_counter"
UPSERT = f"""
    INSERT INTO {TABLE} (key, hits, ends_at) VALUES (%s, 1, %s)
    ON CONFLICT (key) DO UPDATE SET hits = {TABLE}.hits + 1
    RETURNING hits
"""  # noqa: S608  the only name in it is our own constant


def hit(key: str, *, window_s: int, now: float | None = None) -> int:
    """Count one more hit of ``key`` in its current window and return how many there were.

    Windows are fixed: they begin at multiples of ``window_s`` since the epoch.
    """
    at = time.time() if now is None else now
    window = int(at // window_s)
    name = f"hits:{sha256(key.encode()).hexdigest()}:{window_s}:{window}"
    if isinstance(caches["default"], ResilientRedisCache | ResilientMemcachedCache):
        try:
            return _hit_cache(name, window_s)
        except CacheLost:
            pass
    return _hit_database(name, (window + 1) * window_s)


def left_s(window_s: int, now: float | None = None) -> int:
    """Return the seconds until the current window ends."""
    at = time.time() if now is None else now
    return window_s - int(at % window_s)


def _hit_cache(name: str, window_s: int) -> int:
    cache.add(name, 0, timeout=window_s * 2)
    try:
        return cache.incr(name)
    except ValueError:  # evicted between the two calls
        raise CacheLost from None


def _hit_database(name: str, ends_at: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(UPSERT, [name, ends_at])
        (hits,) = cursor.fetchone()
    return int(hits)
