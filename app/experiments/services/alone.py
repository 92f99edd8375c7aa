"""Work that stands alone: where it fails, all beside it goes on, and the site's log says so."""

import logging
from collections.abc import Callable
from typing import Any

from django.db import transaction

logger = logging.getLogger(__name__)


def go_on(work: Callable[[], Any], what: str) -> bool:
    """Do it whole or not at all; return whether it did something.

    A participant's last page must not fail because the letter after it cannot be written. Whoever
    uses this has something that looks again later.
    """
    try:
        with transaction.atomic():
            return bool(work())
    except Exception:
        logger.exception("%s failed, and is tried again later.", what)
        return False
