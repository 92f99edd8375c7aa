"""Background work: ``jobs.enqueue("area.name", arguments={…}, user=…)``."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jobs.services import enqueue

__all__ = ["enqueue"]


def __getattr__(name: str) -> Any:
    # The service needs models, which do not exist yet while Django loads this package as an app.
    if name != "enqueue":
        raise AttributeError(f"module 'jobs' has no attribute {name!r}")
    from jobs.services import enqueue  # noqa: PLC0415  see above

    return enqueue
