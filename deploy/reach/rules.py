"""What GitHub holds in its own settings, brought to what a file says by its command line `gh`."""

import json
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from invoke.exceptions import Exit

from reach.checkout import Checkout
from reach.proposals import gh
from reach.targets import WRONG_USE

HERE = "repos/{owner}/{repo}"  # gh fills in which
Facts = dict[str, Any]


@dataclass(frozen=True)
class GitHub:
    """Asks and tells GitHub's interface; when only shown, it tells nothing."""

    checkout: Checkout
    dry_run: bool = False
    told: list[str] = field(default_factory=list)

    def get(self, path: str) -> Any:
        return json.loads(gh(self.checkout, "api", path))

    def tell(self, method: str, path: str, facts: Facts) -> None:
        body = json.dumps(facts, sort_keys=True)
        self.told.append(f"{method} {path} {body}")
        print(self.told[-1])
        if not self.dry_run:
            gh(self.checkout, "api", "--method", method, path, "--input", "-", given=body)


def apply(here: Checkout, file: Path, *, dry_run: bool = False) -> None:
    """Set everything, then say which secrets and variables nobody has given yet."""
    wanted = tomllib.loads(file.read_text())
    known = GitHub(here, dry_run)
    _refuse_an_open_door(wanted, file)
    known.tell("PUT", f"{HERE}/actions/permissions/workflow", wanted["workflows"])
    for branch, facts in wanted["branches"].items():
        known.tell("PUT", f"{HERE}/branches/{branch}/protection", protection(facts))
    for name, facts in wanted["environments"].items():
        _environment(known, name, facts)
    lacking = [] if dry_run else list(_lacking(known, wanted["environments"]))
    if lacking:
        lines = "\n".join(f"    {each}" for each in lacking)
        raise Exit(f"All is set. What only a person can give is still missing:\n\n{lines}\n")


def _refuse_an_open_door(wanted: Facts, file: Path) -> None:
    if not wanted["environments"]["production"]["reviewers"]:
        raise Exit(
            f"{file.name}: nobody is named who lets a release into production. Put people or teams "
            'into environments.production.reviewers: ["ann", "our-lab/release-managers"].',
            WRONG_USE,
        )


def protection(facts: Facts) -> Facts:
    """Return a branch's protection as GitHub takes it: always whole, so that nothing old stays."""
    checks = [{"context": name} for name in facts["checks"]]
    return {
        "required_status_checks": {"strict": False, "checks": checks} if checks else None,
        "required_pull_request_reviews": {"required_approving_review_count": facts["reviews"]},
        "enforce_admins": True,
        "restrictions": None,
        "allow_force_pushes": False,
        "allow_deletions": False,
    }


def _environment(known: GitHub, name: str, facts: Facts) -> None:
    """Let one branch alone use the environment, after one of its reviewers has agreed."""
    path = f"{HERE}/environments/{name}"
    reviewers = [_reviewer(known, each) for each in facts["reviewers"]]
    policy = {"protected_branches": False, "custom_branch_policies": True}
    rules = {"reviewers": reviewers, "deployment_branch_policy": policy}
    known.tell("PUT", path, {**rules, "wait_timer": 0, "prevent_self_review": bool(reviewers)})
    names = set() if known.dry_run else _branches(known, path)
    for other in sorted(names - {facts["branch"]}):
        raise Exit(f"{name} also takes the branch {other!r}: remove that in GitHub's settings.")
    if facts["branch"] not in names:
        known.tell("POST", f"{path}/deployment-branch-policies", {"name": facts["branch"]})


def _branches(known: GitHub, path: str) -> set[str]:
    allowed = known.get(f"{path}/deployment-branch-policies")["branch_policies"]
    return {str(each["name"]) for each in allowed}


def _reviewer(known: GitHub, name: str) -> Facts:
    organisation, _, team = name.rpartition("/")
    path = f"orgs/{organisation}/teams/{team}" if team and organisation else f"users/{name}"
    kind = "Team" if organisation else "User"
    return {"type": kind, "id": 0 if known.dry_run else known.get(path)["id"]}


def _lacking(known: GitHub, environments: Facts) -> Iterator[str]:
    """Yield the commands for what has no value yet; a secret's value is never read."""
    for name, facts in environments.items():
        for kind, how in (("secrets", "secret"), ("variables", "variable")):
            there = known.get(f"{HERE}/environments/{name}/{kind}")[kind]
            for each in _missing(facts[kind], there):
                yield f"gh {how} set {each} --env {name}"


def _missing(wanted: Sequence[str], there: Sequence[Facts]) -> list[str]:
    return [name for name in wanted if name not in {each["name"] for each in there}]
