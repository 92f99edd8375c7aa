"""HTTPS for `make run`: a certificate of our own, and nginx in front of the development server."""

import os
from pathlib import Path

from laptop import packages
from laptop.console import run_logged
from laptop.errors import LaptopError
from laptop.layout import Clone

DAYS = 365
RENEW_S = 7 * 86400
CONFIGURATION = """\
{user}daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_max_body_size 2g;
    client_body_temp_path {folder}/client_body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {folder}/certificate.pem;
        ssl_certificate_key {folder}/key.pem;
        location / {{
            proxy_pass http://127.0.0.1:{behind};
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-Proto https;
            proxy_read_timeout 600s;
        }}
    }}
}}
"""


def terminator(clone: Clone, port: int, behind: int) -> list[str]:
    """Return the command of an nginx that speaks HTTPS on ``port``."""
    folder = clone.state / "https"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ensure(folder, environment_log=clone.state / "logs" / "environment.log")
    user = "user root;\n" if os.geteuid() == 0 else ""
    text = CONFIGURATION.format(user=user, folder=folder, port=port, behind=behind)
    (folder / "nginx.conf").write_text(text)
    program = packages.find("nginx")
    if program is None:
        raise LaptopError(f"HTTPS=1 needs nginx: {packages.install_line(['nginx-light'])}")
    return [program, "-p", str(folder), "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"]


def ensure(folder: Path, environment_log: Path) -> None:
    """Make a certificate for this machine, unless there is one that is good for a week."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    if certificate.exists() and _is_good(certificate, environment_log):
        return
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1"
    subject = ["-subj", "/CN=Studium development", "-addext", names]
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    out = ["-days", str(DAYS), "-keyout", str(key), "-out", str(certificate)]
    run_logged(["openssl", "req", *kind, *subject, *out], environment_log)
    key.chmod(0o600)


def _is_good(certificate: Path, environment_log: Path) -> bool:
    check = ["openssl", "x509", "-checkend", str(RENEW_S), "-noout", "-in", str(certificate)]
    try:
        run_logged(check, environment_log)
    except LaptopError:
        return False
    return True
