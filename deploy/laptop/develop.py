"""``make run``: a development server that reloads, a worker that follows, optionally HTTPS."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from laptop import certificate, environment, packages, ports
from laptop.console import Console, run_logged
from laptop.layout import Clone
from laptop.ports import LOOPBACK

USUAL_PORT = 8000
LOOK_S = 1.0
GRACE_S = 10


def run(clone: Clone, console: Console, *, https: bool) -> int:
    console.title("Development server")
    needs = [*packages.DEVELOPMENT, *([packages.NGINX, packages.OPENSSL] if https else [])]
    packages.ensure(needs, console, environment.log(clone))
    place = environment.ensure(clone, console)
    port = ports.choose(int(os.environ.get("PORT") or USUAL_PORT))
    address = f"{'https' if https else 'http'}://{LOOPBACK}:{port}"
    env = variables(clone, place, address)
    manage = [str(place / "bin" / "python"), str(clone.root / "app" / "manage.py")]
    with console.step("bring the database up to date"):
        run_logged([*manage, "migrate", "--noinput"], environment.log(clone), env=env)
    console.say(f"   {address}   (Ctrl-C ends it; DEBUG is on, here only)")
    console.say(f"   {_welcome(manage, env)}\n")
    behind = ports.choose(port + 1) if https else port
    children = [[*manage, "runserver", f"{LOOPBACK}:{behind}"]]
    if https:
        children.append(certificate.terminator(clone, port, behind))
    return _watch(clone, children, [*manage, "worker"], env)


def _welcome(manage: list[str], env: Mapping[str, str]) -> str:
    command = [*manage, "welcome"]
    result = subprocess.run(command, check=False, capture_output=True, text=True, env=dict(env))
    return (result.stdout or result.stderr).strip().replace("\n", " ")[-500:]


def variables(clone: Clone, place: Path, address: str) -> dict[str, str]:
    env = environment.variables(clone, place)
    foreign = [name for name in env if name.startswith("STUDIUM_")]
    kept = {"STUDIUM_STATE"}
    for name in set(foreign) - kept:
        del env[name]
    settings = "config.settings.development"
    return env | {
        "DJANGO_SETTINGS_MODULE": settings,
        "STUDIUM_URL": address,
        "PYTHONUNBUFFERED": "1",
    }


def _watch(
    clone: Clone, commands: list[list[str]], worker: list[str], env: Mapping[str, str]
) -> int:
    """Keep all running until one ends or Ctrl-C comes; the worker starts anew when code changes."""
    children = [_start(command, clone, env) for command in commands]
    helper, seen = _start(worker, clone, env), newest(clone)
    try:
        while all(child.poll() is None for child in children):
            time.sleep(LOOK_S)
            now = newest(clone)
            if now != seen or helper.poll() is not None:
                seen = now
                _end([helper])
                helper = _start(worker, clone, env)
    except KeyboardInterrupt:
        print()
    finally:
        _end([*children, helper])
    return max(0, *(child.returncode or 0 for child in children))


def _start(command: list[str], clone: Clone, env: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Start a child in a session of its own: Ctrl-C reaches us, and we end it in order."""
    return subprocess.Popen(command, cwd=clone.root, env=dict(env), start_new_session=True)


def _end(children: list["subprocess.Popen[bytes]"]) -> None:
    running = [child for child in children if child.poll() is None]
    for child in running:
        os.killpg(child.pid, signal.SIGTERM)
    for child in running:
        try:
            child.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)


def newest(clone: Clone) -> float:
    """Return when our Python sources changed last."""
    files = (path for folder in ("app", "deploy") for path in (clone.root / folder).rglob("*.py"))
    return max(_changed(path) for path in files)


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
