"""One site in containers, and a visitor who asks it over TLS from another namespace."""

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.containers.ground import HERE, SOURCE, environment

HOST, PORT, PLAIN = "studium.test", 8443, 8080
URL = f"https://{HOST}:{PORT}"
CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
SERVICES = ("database", "front", "web", "worker", "cron")


@dataclass(frozen=True)
class Answer:
    status: int
    body: str
    location: str = ""


@dataclass
class Site:
    """A person's clone, from which the commands are typed."""

    ground: object
    folder: Path

    @classmethod
    def cloned(cls, ground, folder):
        subprocess.run(["git", "clone", "-q", SOURCE, folder], check=True)
        for name, value in {"user.name": "Ann", "user.email": "ann@lab.example"}.items():
            subprocess.run(["git", "-C", folder, "config", name, value], check=True)
        return cls(ground, folder)

    def studium(self, *words, check=True, stdin=None, limit_s=900):
        return self.ground.at(
            self.ground.here, self.folder / "deploy/container/studium", *words,
            env=environment(), folder=self.folder, check=check, stdin=stdin, limit_s=limit_s,
        )  # fmt: skip

    def inside(self, service, *words, check=True):
        done = self.ground.podman("exec", f"studium_{service}_1", *words, check=check)
        return done.stdout

    def manage(self, *words):
        return self.inside("web", "studium-inside", "manage", *words)

    def sql(self, query):
        words = ("psql", "--host=/run/postgresql", "--dbname=studium", "-Atc", query)
        return self.inside("database", *words).strip()

    def job(self, number):
        """Return the status of a background job."""
        return self.sql(f"SELECT status FROM jobs_job WHERE id = '{number}'")  # noqa: S608

    def live(self):
        """Return the commit that answers."""
        return json.loads(self.health().body)["commit"]

    def commit(self, name, content, message):
        file = self.folder / name
        file.write_text(content)
        for words in (("add", name), ("commit", "-q", "-m", message)):
            subprocess.run(["git", "-C", self.folder, *words], check=True)
        return subprocess.run(
            ["git", "-C", self.folder, "rev-parse", "HEAD"],
            check=True, capture_output=True, text=True,
        ).stdout.strip()  # fmt: skip

    def health(self):
        return self.ask("/health/ready/")

    def ask(self, path, *words, jar=None):
        """Ask over TLS as a browser does: the name, and the certificate that the front has."""
        words = [*words, *(["--cookie", jar, "--cookie-jar", jar] if jar else [])]
        done = self.ground.visit(
            "curl", "-sS", "--max-time", "30", "--cacert", self._certificate(),
            "--resolve", f"{HOST}:{PORT}:{HERE}", "--write-out", "\n%{http_code} %{redirect_url}",
            *words, f"{URL}{path}", check=False,
        )  # fmt: skip
        body, _, last = done.stdout.rpartition("\n")
        code, _, location = last.partition(" ")
        body = body or done.stderr
        return Answer(int(code or 0), body, location)

    def _certificate(self):
        file = self.folder / ".studium" / "site.pem"
        if not file.exists():
            file.write_text(self.inside("front", "cat", "/etc/studium/tls/site.pem"))
        return file

    def post(self, path, jar, **fields):
        """Fill in the form of a page and send it."""
        token = CSRF.search(self.ask(path, jar=jar).body)[1]
        given = {"csrfmiddlewaretoken": token, **fields}
        words = [word for pair in given.items() for word in ("--data-urlencode", "=".join(pair))]
        return self.ask(path, "--referer", f"{URL}{path}", *words, jar=jar)
