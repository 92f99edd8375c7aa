"""Which release is live: the socket that visitors reach, and the link that outlives a reboot.

The link ``live`` is the decisive one: workers and cron follow it, the socket is re-made from it,
and an interrupted attempt is finished or undone by what it says.
"""

from pipeline import files, vassals
from pipeline.site import Site


def switch(site: Site, release_id: str) -> None:
    """Make a running release the live one; on a worker nothing but the link says so."""
    if site.has_pages:
        vassals.switch(site, release_id)
    files.point(site.live, site.releases / release_id)


def switch_back(site: Site, previous: str | None) -> None:
    """Make the previous release live again; before the first one nothing was."""
    if previous:
        switch(site, previous)
    else:
        site.live.unlink(missing_ok=True)
        site.live_socket.unlink(missing_ok=True)
