"""Caches on a server of their own, which may be lost while the site goes on.

A cache only makes things quicker, so a lost server must not make a page fail: these backends
answer as if nothing were cached, log it, and leave the server alone for a few seconds, so that not
every request waits for its time limit.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.cache.backends.memcached import PyMemcacheCache
from django.core.cache.backends.redis import RedisCache
from pymemcache.exceptions import MemcacheError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

LEFT_ALONE_S = 5.0
LOST = (OSError, RedisError, MemcacheError)

# What each operation answers when there is no server; a function is given the call's arguments.
WITHOUT: dict[str, Callable[..., Any]] = {
    "add": lambda *_, **__: False,
    "get": lambda _key, default=None, **__: default,
    "set": lambda *_, **__: None,
    "touch": lambda *_, **__: False,
    "delete": lambda *_, **__: False,
    "get_many": lambda *_, **__: {},
    "set_many": lambda data, *_, **__: list(data),
    "delete_many": lambda *_, **__: None,
    "has_key": lambda *_, **__: False,
    "clear": lambda *_, **__: None,
    "close": lambda *_, **__: None,
}
# A counter that cannot be reached is not a counter of zero: whoever counts decides what then.
COUNTING = ("incr",)


class CacheLost(Exception):
    """The cache server did not answer, and the caller needs a true number."""


class Breaker:
    """Remembers that a server was lost."""

    def __init__(self) -> None:
        self._until = 0.0

    @property
    def is_open(self) -> bool:
        return time.monotonic() < self._until

    def open(self, error: Exception) -> None:
        logger.warning("The cache server is lost (%s); going on without.", type(error).__name__)
        self._until = time.monotonic() + LEFT_ALONE_S


_breakers: defaultdict[str, Breaker] = defaultdict(Breaker)  # by server, for all threads


def _lost(*_: Any, **__: Any) -> Any:
    raise CacheLost


def _guarded(method: Callable[..., Any], without: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def guarded(self: Any, *args: Any, **kwargs: Any) -> Any:
        breaker: Breaker = self.breaker
        if breaker.is_open:
            return without(*args, **kwargs)
        try:
            return method(self, *args, **kwargs)
        except LOST as error:
            breaker.open(error)
            return without(*args, **kwargs)

    return guarded


def resilient(backend: type[Any]) -> type[Any]:
    """Wrap the operations of a cache backend so that a lost server is survived."""
    for name, without in WITHOUT.items() | {(name, _lost) for name in COUNTING}:
        setattr(backend, name, _guarded(getattr(backend, name), without))
    return backend


@resilient
class ResilientRedisCache(RedisCache):
    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self.breaker = _breakers[str(server)]


@resilient
class ResilientMemcachedCache(PyMemcacheCache):
    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self.breaker = _breakers[str(server)]
