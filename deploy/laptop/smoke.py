"""``make smoke``: a fresh environment of what a server gets: check --deploy, one request."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from laptop import packages, secrets_file
from laptop.console import Console, run_logged
from laptop.daemons import clean_environment
from laptop.layout import Clone

ASK = """
import os, sys
sys.path[:0] = [os.environ["SMOKE_APP"], os.environ["SMOKE_DEPLOY"]]
from config.wsgi import application
from django.test import Client
answer = Client(SERVER_NAME="localhost").get("/health/")
print(answer.status_code, answer.content.decode())
assert answer.status_code == 200, answer.content
"""


def smoke(clone: Clone, console: Console) -> None:
    """Fail when the application imports something that a release does not install."""
    console.title("Smoke test")
    packages.ensure(packages.DEVELOPMENT, console, log(clone))
    clone.state.mkdir(parents=True, exist_ok=True)
    box = Path(tempfile.mkdtemp(prefix="smoke-", dir=clone.state))
    try:
        _smoke(clone, console, box)
    finally:
        shutil.rmtree(box, ignore_errors=True)
    console.say("   The deployed requirements are enough.")


def log(clone: Clone) -> Path:
    return clone.state / "logs" / "smoke.log"


def _smoke(clone: Clone, console: Console, box: Path) -> None:
    python = str(box / "environment" / "bin" / "python")
    requirements = str(clone.root / "requirements" / "deployed.txt")
    env = _variables(clone, box)
    npm = packages.find("npm") or "npm"
    manage = [python, str(clone.root / "app" / "manage.py")]
    steps = {
        "install the deployed requirements alone": [
            [sys.executable, "-m", "venv", str(box / "environment")],
            [python, "-m", "pip", "install", "-q", "--require-hashes", "-r", requirements],
        ],
        "browser libraries": [[npm, "ci", "--ignore-scripts", "--omit=dev"]],
        "static files": [[*manage, "collectstatic", "--noinput", "--verbosity=0"]],
        "check --deploy": [[*manage, "check", "--deploy", "--fail-level", "ERROR"]],
        "migrate": [[*manage, "migrate", "--noinput", "--verbosity=0"]],
        "one request": [[python, "-c", ASK]],
    }
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(clone.root / name, box)
    for text, commands in steps.items():
        with console.step(text):
            for command in commands:
                run_logged(command, log(clone), env=env, folder=box)


def _variables(clone: Clone, box: Path) -> dict[str, str]:
    secrets = box / "secrets.env"
    secrets_file.ensure(secrets)
    os.makedirs(box / "state", exist_ok=True)  # noqa: PTH103
    return clean_environment() | {
        "DJANGO_SETTINGS_MODULE": "config.settings.deployed",
        "STUDIUM_SECRETS": str(secrets),
        "STUDIUM_STATE": str(box / "state"),
        "STUDIUM_STATIC": str(box / "static"),
        "STUDIUM_STATIC_MANIFEST": str(box),
        "STUDIUM_BROWSER_LIBRARIES": str(box / "node_modules"),
        "STUDIUM_HOSTS": "localhost",
        "STUDIUM_URL": "https://localhost",
        "STUDIUM_SITE": "smoke",
        "STUDIUM_RELEASE": "smoke",
        "SMOKE_APP": str(clone.root / "app"),
        "SMOKE_DEPLOY": str(clone.root / "deploy"),
    }
