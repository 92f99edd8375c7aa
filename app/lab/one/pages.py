"""Lists in pieces: ``limit`` and ``offset``, with absolute links to the pieces beside."""

from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request

from lab.one.errors import FieldRefused

USUAL, MOST = 250, 1000


class OnePages(LimitOffsetPagination):
    default_limit = USUAL
    max_limit = MOST

    def get_limit(self, request: Request) -> int:
        return min(_number(request, "limit", USUAL, least=1), MOST)

    def get_offset(self, request: Request) -> int:
        return _number(request, "offset", 0, least=0)


def _number(request: Request, name: str, usual: int, *, least: int) -> int:
    text = request.query_params.get(name, "")
    if not text:
        return usual
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) >= least):  # noqa: PLR2004
        raise FieldRefused(name, f"Write a whole number from {least} up, not {text[:40]!r}.")
    return int(text)
