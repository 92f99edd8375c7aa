"""``make configure``: ask for a site's facts and secrets; what is there already is the default."""

import copy
import getpass
import sys
import tomllib
from collections.abc import Callable, Mapping
from typing import Any

from laptop import answers, facts, secrets_file, sites
from laptop.answers import Question
from laptop.console import Console
from laptop.errors import LaptopError
from laptop.layout import SITES, Clone, chosen, own_folder
from pipeline import site as pipeline_site

REMOVE = "-"
SECRETS = "secrets.env"
Ask = Callable[[str], str]


def configure(clone: Clone, console: Console, *, site: str, defaults: bool) -> None:
    """Write the facts and secrets of one site or of all; nothing is written before all is right."""
    names = [chosen(site)] if site else list(SITES)
    for name in names:
        own_folder(clone.studium)
        own_folder(clone.site_root(name))
        given = sites.first_facts(clone, name)
        kept = secrets_file.read(clone.site_root(name) / SECRETS)
        if not defaults:
            console.title(name.capitalize())
            console.say("   Enter keeps what stands in brackets.")
            given = ask_facts(given, _shown(clone, name, given), ask_line)
            console.say(f"   Secrets are not shown; Enter keeps, {REMOVE} removes.")
            kept = ask_secrets(kept, ask_hidden)
        _write(clone, name, given, kept)
        console.say(f"   {name}: {clone.site_file(name)} and {SECRETS} are written.")
    console.say("   They count from the next `make up` on.")


def _shown(clone: Clone, name: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return all facts, also those that are left to the example."""
    if clone.site_file(name).exists():
        return clone.site(name).facts
    return _example() | dict(given)


def _example() -> dict[str, Any]:
    return tomllib.loads(pipeline_site.EXAMPLE.read_text())


def ask_facts(given: Mapping[str, Any], shown: Mapping[str, Any], ask: Ask) -> dict[str, Any]:
    """Return the facts with the answers; a fact that is answered by Enter stays unwritten."""
    result = copy.deepcopy(dict(given))
    for question in answers.FACTS:
        now = _look_up(shown, question.key)
        text = " ".join(now) if isinstance(now, list) else str(now)
        answer = _ask_until_right(question, f"   {question.text} [{text}]: ", ask)
        if answer is not None:
            _put(result, question.key, answer)
    return result


def ask_secrets(kept: Mapping[str, str], ask: Ask) -> dict[str, str]:
    result = dict(kept)
    for question in answers.SECRETS:
        state = "set" if result.get(question.key) else "not set"
        removable = Question(question.key, question.text, _or_removed(question.check))
        answer = _ask_until_right(removable, f"   {question.text} [{state}]: ", ask)
        if answer == REMOVE:
            result.pop(question.key, None)
        elif answer is not None:
            result[question.key] = answer
    return result


def _or_removed(check: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda answer: REMOVE if answer == REMOVE else check(answer)


def _ask_until_right(question: Question, prompt: str, ask: Ask) -> Any | None:
    """Return the checked answer, or None when the person keeps what is there."""
    while True:
        answer = ask(prompt).strip()
        if not answer:
            return None
        try:
            return question.check(answer)
        except ValueError as error:
            print(f"      That is not right: {error}.")


def ask_line(prompt: str) -> str:
    try:
        return input(prompt)
    except EOFError:
        raise LaptopError("The input ended; nothing of this site was written.") from None


def ask_hidden(prompt: str) -> str:
    """Ask without showing what is typed; a script may write its answers to the input instead."""
    if sys.stdin.isatty():
        return getpass.getpass(prompt)
    print(prompt, end="", flush=True)
    line = sys.stdin.readline()
    print()
    if not line:
        raise LaptopError("The input ended; nothing of this site was written.")
    return line


def _look_up(shown: Mapping[str, Any], key: str) -> Any:
    value: Any = shown
    for part in key.split("."):
        value = value[part]
    return value


def _put(target: dict[str, Any], key: str, value: Any) -> None:
    *tables, last = key.split(".")
    for table in tables:
        target = target.setdefault(table, {})
    target[last] = value


def _write(clone: Clone, name: str, given: dict[str, Any], kept: Mapping[str, str]) -> None:
    _check_port(clone, name, given)
    facts.write(clone.site_file(name), given)
    path = clone.site_root(name) / SECRETS
    secrets_file.write(path, secrets_file.with_keys(kept))


def _check_port(clone: Clone, name: str, given: Mapping[str, Any]) -> None:
    port = str(given["url"]).rpartition(":")[2]
    for other in (site for site in clone.sites() if site.name != name):
        if other.url.rpartition(":")[2] == port:
            raise LaptopError(f"{other.name} has the address {other.url}; choose another port.")
