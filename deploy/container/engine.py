"""Docker or podman: the same compose.yml, the same words."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from container.errors import ContainerError
from container.facts import Facts

NONE_HERE = (
    "No container engine was found. Install Docker with its compose plugin, or podman and "
    "podman-compose: sudo apt-get install -y podman, and podman-compose from the tools of "
    "`make environment`. STUDIUM_ENGINE=podman chooses where both are."
)


@dataclass(frozen=True)
class Engine:
    """One way to build images and run services."""

    program: str
    compose: tuple[str, ...]
    root: Path
    facts: Facts
    extra: dict[str, str] = field(default_factory=dict)

    def with_values(self, **values: str) -> "Engine":
        """Return the engine for other images than those that are live."""
        return Engine(self.program, self.compose, self.root, self.facts, self.extra | values)

    def up(self, *services: str) -> None:
        """Start services, anew where their image or their settings have changed."""
        self._compose("up", "--detach", "--no-build", "--no-deps", *services)

    def replace(self, *services: str) -> None:
        """Start services anew, whatever they were."""
        self.remove(*services)
        self.up(*services)

    def remove(self, *services: str) -> None:
        """End services as gracefully as they need, and take their containers away."""
        for service in services:
            self._compose("stop", service)
            self._quietly("rm", "--force", "--stop", service)

    def step(
        self,
        service: str,
        *words: str,
        source: IO[bytes] | None = None,
        into: IO[bytes] | None = None,
    ) -> None:
        """Run a step that ends; raise when it ends badly. It has said why itself."""
        self._compose("run", "--rm", "--no-deps", "-T", service, *words, source=source, into=into)

    def ask(self, service: str, *words: str) -> bool:
        """Say whether a command succeeds in a running service."""
        return self._quietly("exec", "-T", service, *words)

    def run(self, *words: str) -> int:
        """Hand words to compose as they are."""
        done = subprocess.run(
            [*self._words(), *words], check=False, env=self._environment(), cwd=self.root
        )
        return done.returncode

    def build(self, source: Path, target: str, tag: str, **arguments: str) -> None:
        words = [self.program, "build", "--target", target, "--tag", tag]
        words += ["--file", str(source / "Dockerfile")]
        given = {"BASE": os.environ.get("STUDIUM_BASE", ""), **arguments}
        words += [f"--build-arg={name}={value}" for name, value in given.items() if value]
        if goods := os.environ.get("STUDIUM_GOODS"):
            words.append(f"--build-context=goods={goods}")
        self._checked([*words, str(source)])

    def has_image(self, tag: str) -> bool:
        words = [self.program, "image", "inspect", tag]
        return subprocess.run(words, check=False, capture_output=True).returncode == 0

    def tidy(self, kept: set[str]) -> None:
        """Remove the application's images besides the kept ones, and what builds have left."""
        form = ("--format", "{{.Repository}}:{{.Tag}}", "--filter", "reference=*studium-app")
        words = [self.program, "images", *form]
        told = subprocess.run(words, check=False, capture_output=True, text=True).stdout.split()
        old = [tag for tag in told if tag.rpartition("/")[2] not in kept]
        left = ("image", "prune", "--force", "--filter", "label=studium.part")
        for words in (["rmi", *old] if old else [], [*left]):
            if words:
                subprocess.run([self.program, *words], check=False, capture_output=True)

    def is_running(self, service: str) -> bool:
        return self.ask(service, "true")

    def _compose(
        self, *words: str, source: IO[bytes] | None = None, into: IO[bytes] | None = None
    ) -> None:
        self._checked([*self._words(), *words], source=source, into=into)

    def _quietly(self, *words: str) -> bool:
        done = subprocess.run(
            [*self._words(), *words],
            check=False,
            env=self._environment(),
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
        return done.returncode == 0

    def _checked(
        self, words: Sequence[str], source: IO[bytes] | None = None, into: IO[bytes] | None = None
    ) -> None:
        done = subprocess.run(
            words,
            check=False,
            env=self._environment(),
            cwd=self.root,
            stdin=source or subprocess.DEVNULL,
            stdout=into,
        )
        if done.returncode:
            said = " ".join(map(str, words))
            raise ContainerError(
                f"`{said}` ended with {done.returncode}; what it said stands above."
            )

    def _words(self) -> list[str]:
        return [
            *self.compose,
            "--file",
            str(self.root / "compose.yml"),
            "--profile",
            "steps",
            "--profile",
            "update",
            "--profile",
            "broker",
        ]

    def _environment(self) -> dict[str, str]:
        """Return our environment with the site's values.

        In podman's own form an image has no HEALTHCHECK, so it is asked for Docker's.
        """
        own = {"STUDIUM_FACTS": str(self.facts.folder), "BUILDAH_FORMAT": "docker"}
        return dict(os.environ) | own | self.facts.values() | self.extra


def find(root: Path, facts: Facts) -> Engine:
    """Return the engine of this machine; raise with the remedy when there is none."""
    wanted = os.environ.get("STUDIUM_ENGINE", "")
    if wanted != "podman" and _answers("docker", "compose", "version"):
        return Engine("docker", ("docker", "compose"), root, facts)
    if wanted != "docker" and shutil.which("podman"):
        beside = root / ".venv" / "bin" / "podman-compose"
        compose = shutil.which("podman-compose") or (str(beside) if beside.exists() else "")
        if compose:
            return Engine("podman", (compose,), root, facts)
    raise ContainerError(NONE_HERE)


def _answers(*words: str) -> bool:
    if not shutil.which(words[0]):
        return False
    return subprocess.run(words, check=False, capture_output=True).returncode == 0
