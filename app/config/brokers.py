"""Turn ``BROKER_URL`` into what Celery wants: an address, and how to be sure whom it reaches."""

import ssl
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlunsplit

from django.core.exceptions import ImproperlyConfigured

from config import addresses, environment

OF_HOST = Path("/etc/studium/broker.env")  # written by Ansible on hosts of a site that has a broker
HOSTS = Path("/etc/studium/hosts")
SERVER = "broker.studium"  # whom the site's own authority certifies
REMEDY = "Use amqp://user:password@host:5672/vhost or amqps://…; docs/operations/jobs.md says more."


def address(environ: environment.Environment, file: Path = OF_HOST) -> str:
    """Return the broker's address: the variable, or what provisioning has left on the host."""
    if given := environ.text("BROKER_URL"):
        return given
    try:
        return environment.parse(file.read_text()).get("BROKER_URL", "")
    except OSError:
        return ""


def from_url(url: str, *, hosts: Path = HOSTS) -> dict[str, Any]:
    """Return the address without what was added to it, and the settings of TLS."""
    if not url:
        return {"url": "", "ssl": None}
    parts = addresses.read("BROKER_URL", url)
    if parts.scheme not in {"amqp", "amqps"} or not parts.hostname:
        raise ImproperlyConfigured(f"BROKER_URL has the form {parts.scheme or '?'}://…. {REMEDY}")
    more = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    bare = urlunsplit(("amqp", parts.netloc, parts.path, "", ""))
    return {
        "url": bare,
        "ssl": _tls(more, parts.hostname, hosts) if parts.scheme == "amqps" else None,
    }


def secrets(broker: dict[str, Any]) -> list[str]:
    """Return what must never be shown, also when it came from the host's own file."""
    return [broker["url"]] if broker["url"] else []


def _tls(more: dict[str, str], host: str, hosts: Path) -> dict[str, Any]:
    """Trust what the address names; on a host of a provisioned site, the site's own authority."""
    if "ca" in more or not (hosts / "authority.pem").exists():
        named = {
            "ca_certs": more.get("ca"),
            "certfile": more.get("cert"),
            "keyfile": more.get("key"),
        }
        named["server_hostname"] = more.get("server", host)
    else:
        named = {
            "ca_certs": str(hosts / "authority.pem"),
            "certfile": str(hosts / "client.pem"),
            "keyfile": str(hosts / "client.key"),
            "server_hostname": more.get("server", SERVER),
        }
    sure = {name: value for name, value in named.items() if value}
    return {"cert_reqs": ssl.CERT_REQUIRED, **sure}
