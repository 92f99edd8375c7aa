"""What `manage.py check --deploy` says of the functions of a lab: what keeps them to themselves."""

from typing import Any

from django.core import checks

from experiments.scripting import enclosure

ALWAYS = "an environment without secrets, limits of time, memory and files, and Python itself"
MISSES = {
    "landlock": "no Landlock: they may read whatever the site's user may read",
    "seccomp": "no filters of calls: code that gets round Python may reach the system's calls",
    "namespaces": "no namespaces for this user: the number of their processes has no limit",
}
NO_NETWORK_GUARD = "nothing of the kernel keeps them from the network"


def enclosures(**_: Any) -> list[checks.CheckMessage]:
    """Say plainly which layers protect on this host, and which do not."""
    offered = enclosure.offered()
    kept = "; ".join([*offered.values(), ALWAYS])
    told = f"The functions of a lab are kept from the site by: {kept}."
    missing = [words for layer, words in MISSES.items() if layer not in offered]
    if not {"seccomp", "namespaces"} & offered.keys():
        missing.append(NO_NETWORK_GUARD)
    if not missing:
        return [checks.Info(told, id="experiments.I001")]
    hint = "See docs/experiments/scripts.md. List only packages that the lab trusts."
    return [
        checks.Warning(f"{told} Missing: {'; '.join(missing)}.", hint=hint, id="experiments.W001")
    ]


def connect() -> None:
    checks.register(enclosures, checks.Tags.security, deploy=True)
