"""A checkout with branches, two sites whose pipeline answers what it is told, and a GitHub."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[3]
PIPELINE = """
import json, pathlib, sys
here = pathlib.Path(__file__).parent
verb = sys.argv[1]
with (here / "told").open("a") as told:
    told.write(" ".join(sys.argv[1:]) + "\\n")
answers = json.loads((here / f"{verb}.json").read_text())
answer = answers.pop(0) if len(answers) > 1 else answers[0]
(here / f"{verb}.json").write_text(json.dumps(answers))
print(json.dumps(answer))
"""
GH = '''#!{python}
"""GitHub's command line, with a GitHub of one file behind it."""
import json, pathlib, sys
file = pathlib.Path(__file__).with_name("github.json")
github = json.loads(file.read_text())
words, given = sys.argv[1:], sys.stdin.read() if "-" in sys.argv else ""
value = dict(zip(words, words[1:]))
github["asked"].append(words + ([given] if given else []))
answer, code = "", 0
if words[:2] == ["pr", "list"]:
    same = [n for n, pr in github["pulls"].items()
            if (pr["base"], pr["head"]) == (value["--base"], value["--head"])]
    answer = json.dumps([{{"number": int(n)}} for n in same])
elif words[:2] == ["pr", "create"]:
    number = str(len(github["pulls"]) + 1)
    github["pulls"][number] = {{"base": value["--base"], "head": value["--head"],
                               "title": value["--title"], "body": given}}
    answer = "pull/" + number
elif words[:2] == ["pr", "edit"]:
    github["pulls"][words[2]] |= {{"title": value["--title"], "body": given}}
    answer = "pull/" + words[2]
elif words[0] == "api" and "--method" in words:
    path = words[3]
    if words[2] == "POST":
        kind = path.rpartition("/")[2].replace("deployment-branch-policies", "branch_policies")
        there = github["paths"].setdefault(path, {{kind: []}})
        there[kind].append(json.loads(given))
    else:
        github["paths"][path] = github["paths"].get(path, {{}}) | json.loads(given)
elif words[0] == "api" and words[1] in github["paths"]:
    answer = json.dumps(github["paths"][words[1]])
else:
    code = 1
    print("gh: Not Found (HTTP 404)", file=sys.stderr)
file.write_text(json.dumps(github))
print(answer)
sys.exit(code)
'''


class Work:
    """A checkout of ours, and what stands around it."""

    def __init__(self, folder):
        self.folder, self.programs = folder / "checkout", folder / "programs"
        self.folder.mkdir()
        shutil.copy(SOURCE / "fabfile.py", self.folder)
        (self.folder / "deploy").symlink_to(SOURCE / "deploy")
        (self.folder / ".gitignore").write_text("/sites/\n.studium/\n/deploy\n/fabfile.py\n")
        self.git("init", "--quiet", "--initial-branch=dev")
        self.git("add", ".gitignore")
        self.first = self.commit("First light")
        for branch in ("staging", "production"):
            self.git("branch", branch)

    def git(self, *words):
        who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        done = subprocess.run(
            ["git", *who, "-C", self.folder, *words],
            env=clean, check=True, capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout.strip()

    def commit(self, subject):
        self.git("commit", "--quiet", "--allow-empty", "-m", subject)
        return self.git("rev-parse", "HEAD")

    def change(self, subject):
        (self.folder / "notes").write_text(subject)
        self.git("add", "notes")
        return self.commit(subject)

    def merge(self, head, base):
        """Merge as the button on GitHub's website does: always by a commit of its own."""
        self.git("checkout", "-q", base)
        self.git("merge", "-q", "--no-ff", "-m", f"Merge pull request from {head}", head)
        merged = self.git("rev-parse", "HEAD")
        self.git("checkout", "-q", "dev")
        return merged

    def site(self, name):
        return self.folder / ".studium" / name

    def build_site(self, name):
        """Make a site that takes pushes and whose pipeline answers as told."""
        package = self.site(name) / "bootstrap" / "pipeline"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "__main__.py").write_text(PIPELINE)
        (self.site(name) / "site.toml").write_text(f'name = "{name}"\nbranch = "{name}"\n')
        subprocess.run(
            ["git", "init", "-q", "--bare", self.site(name) / "repository.git"], check=True
        )

    def answer(self, name, verb, *answers):
        (self.site(name) / "bootstrap/pipeline" / f"{verb}.json").write_text(json.dumps(answers))

    def is_live(self, name, commit, **otherwise):
        facts = {"commit": commit, "busy": None, "health": {"status": "ready"}}
        self.answer(name, "status", facts | {"url": f"https://{name}.example.org"} | otherwise)

    def has(self, name):
        """Return what a site's branch names."""
        folder = self.site(name) / "repository.git"
        words = ("git", f"--git-dir={folder}", "rev-parse", "--verify", "-q", f"refs/heads/{name}")
        return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()

    # --- GitHub ----------------------------------------------------------------------------
    def open_github(self, **paths):
        self.programs.mkdir(exist_ok=True)
        (self.programs / "gh").write_text(GH.format(python=sys.executable))
        (self.programs / "gh").chmod(0o755)
        (self.programs / "github.json").write_text(
            json.dumps({"asked": [], "pulls": {}, "paths": paths})
        )

    @property
    def github(self):
        return json.loads((self.programs / "github.json").read_text())

    def fab(self, *words, **variables):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        clean["PATH"] = f"{self.programs}:/usr/bin:/bin"
        done = subprocess.run(
            [Path(sys.executable).with_name("fab"), *words],
            cwd=self.folder, env=clean | variables, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=60,
        )  # fmt: skip
        return done.returncode, done.stdout


@pytest.fixture
def work(tmp_path):
    made = Work(tmp_path)
    for name in ("staging", "production"):
        made.build_site(name)
        made.is_live(name, made.first)
    return made
