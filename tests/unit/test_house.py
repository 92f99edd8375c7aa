"""What the house promises about itself, held by reading the files that are committed."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import fabfile
import pytest

ROOT = Path(__file__).resolve().parents[2]
PURE = {"touchstone", "fmriplan"}  # packages of the app that know no Django
LONGEST_FILE, LONGEST_FUNCTION = 500, 60
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "misc", "manager"}
NOT_OURS = (".min.js", ".min.css", ".whl", ".tar.gz", ".zip", ".woff", ".woff2", ".ttf", ".jar")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
REGISTRIES = re.compile(
    "|".join(["py" + r"pi\.org", "python" + "hosted", "npm" + r"js\.", "yarn" + "pkg"])
)
IMPORTED_AS = {
    "djangorestframework": "rest_framework",
    "markdown-it-py": "markdown_it",
    "fpdf2": "fpdf",
    "django-otp": "django_otp",
    "Pillow": "ImageField",
    "ONE-api": "one",
    "Django": "django",
}
TARGET = re.compile(r"^([a-z][a-z-]*):.*##", re.MULTILINE)


def tracked(*patterns):
    """Return the committed files that still exist."""
    words = ["git", "-C", str(ROOT), "ls-files", "-z", "--", *patterns]
    names = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def python_files():
    return [file for file in tracked("*.py") if "migrations" not in file.parts]


def name(file):
    return str(file.relative_to(ROOT))


def functions(file):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0].end_lineno if ast.get_docstring(node) else node.lineno
            yield node.name, node.end_lineno - first


def documents():
    return [file for file in tracked("*.md") if file.parts[-2] != ".github"]


def document(relative):
    return (ROOT / relative).read_text()


def project():
    return tomllib.loads(document("pyproject.toml"))


# --- sizes and names ------------------------------------------------------------------------------
def test_no_file_is_two_things_in_one_room():
    lengths = {name(file): file.read_text().count("\n") for file in python_files()}
    assert {file: n for file, n in lengths.items() if n > LONGEST_FILE} == {}


def test_no_function_hides_a_missing_concept():
    sizes = {f"{name(file)} {what}": n for file in python_files() for what, n in functions(file)}
    assert {place: n for place, n in sizes.items() if n > LONGEST_FUNCTION} == {}


def test_every_module_is_named_for_what_it_holds():
    assert [name(file) for file in python_files() if file.stem in NAMES_THAT_SAY_NOTHING] == []


# --- nothing of others in the repository ----------------------------------------------------------
def test_nothing_third_party_is_committed():
    foreign = {"node_modules", "vendor", "site-packages", ".venv", "wheels"}
    found = [f for f in tracked() if foreign & set(f.parts) or f.name.endswith(NOT_OURS)]
    assert [name(file) for file in found] == []


@pytest.mark.parametrize("file", tracked("requirements/*.txt"), ids=name)
def test_requirements_pin_hashes_and_name_no_index(file):
    text = file.read_text()
    assert "--hash=sha256:" in text
    assert re.findall(r"https?://|--(?:extra-)?index-url|--find-links|--trusted-host", text) == []


def test_the_lock_file_of_npm_holds_no_address():
    packages = json.loads(document("package-lock.json"))["packages"]
    assert [path for path, facts in packages.items() if "resolved" in facts] == []


def test_no_file_names_a_registry_of_packages():
    texts = {name(file): file.read_text(errors="replace") for file in tracked()}
    assert [path for path, text in texts.items() if REGISTRIES.search(text)] == []


def test_every_npm_package_is_pinned_by_its_content():
    packages = json.loads(document("package-lock.json"))["packages"]
    assert [path for path, facts in packages.items() if path and "integrity" not in facts] == []


# --- who may import whom --------------------------------------------------------------------------
def packages(*folders):
    files = tracked(*(f":(glob){folder}/*/__init__.py" for folder in folders or ("app", "deploy")))
    return {file.parent.name for file in files}


def contracts(kind):
    return [one for one in project()["tool"]["importlinter"]["contracts"] if one["type"] == kind]


def test_every_package_is_known_to_the_import_contracts():
    assert packages() <= set(project()["tool"]["importlinter"]["root_packages"])


def test_every_package_of_the_app_has_its_layer():
    [house] = [one for one in contracts("layers") if "containers" not in one]
    layers = {word.strip("( )") for layer in house["layers"] for word in layer.split("|")}
    assert packages("app") - PURE <= layers


def test_every_area_is_layered_inside_and_completely():
    inside = [one for one in contracts("layers") if "containers" in one]
    areas = {area for one in inside for area in one["containers"] if one.get("exhaustive")}
    assert packages("app") - PURE - {"config"} == areas


def test_the_pipeline_imports_the_standard_library_alone():
    allowed = sys.stdlib_module_names | {"pipeline"}
    files = tracked("deploy/pipeline/*.py")
    assert {each for file in files for each in imported(file)} - allowed == set()
    assert files


def imported(file):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").split(".")[0]


# --- templates and workflows ----------------------------------------------------------------------
@pytest.mark.parametrize("file", tracked("app/*.html"), ids=name)
def test_templates_hold_no_inline_style_and_no_handler(file):
    text = file.read_text()
    assert re.findall(r"<[^>]+\s(?:style|on[a-z]+)\s*=", text) == []
    assert re.findall(r"<style\b", text) == []


def test_actions_are_pinned_by_commit():
    uses = [
        line.split("uses:")[1].split("#")[0].strip()
        for file in tracked(".github/workflows/*.yml")
        for line in file.read_text().splitlines()
        if "uses:" in line and "$/.github/workflows/" not in line  # our own, of the same commit
    ]
    assert uses
    assert [use for use in uses if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", use)] == []


COMMAND = r"(?:make|\.venv/bin/fab) [^&|;]+"


def test_a_step_of_a_workflow_is_one_command_that_a_person_could_type():
    text = "\n".join(file.read_text() for file in tracked(".github/workflows/*.yml"))
    commands = re.findall(r"\brun: *(.*)", text)
    assert commands
    assert [each for each in commands if not re.fullmatch(COMMAND, each)] == []


# --- documents that stay true ---------------------------------------------------------------------
@pytest.mark.parametrize("file", documents(), ids=name)
def test_every_link_leads_somewhere(file):
    links = [link for pair in LINK.findall(prose(file)) for link in pair if link]
    broken = [link for link in links if "://" not in link and not leads_somewhere(file, link)]
    assert broken == []


def test_every_document_is_linked_from_another():
    links = {
        (file.parent / link.partition("#")[0]).resolve()
        for file in documents()
        for pair in LINK.findall(prose(file))
        for link in pair
        if link and "://" not in link
    }
    assert [name(file) for file in documents() if file not in links | {ROOT / "README.md"}] == []


def prose(file):
    return re.sub(r"```.*?```", "", file.read_text(), flags=re.DOTALL)


def leads_somewhere(file, link):
    path, _, anchor = link.partition("#")
    target = (file.parent / path).resolve() if path else file
    return target.exists() and (not anchor or anchor in anchors(target))


def anchors(file):
    titles = re.findall(r"^#+\s+(.*)$", prose(file), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def all_prose():
    return "\n".join(file.read_text() for file in documents())


def test_every_make_target_is_documented():
    targets = set(TARGET.findall(document("Makefile")))
    text = all_prose()
    assert {target for target in targets if f"make {target}" not in text} == set()
    assert {"up", "down", "test", "lint", "types", "imports"} <= targets


def test_no_make_target_is_documented_that_does_not_exist():
    mentioned = set(re.findall(r"`make ([a-z][a-z-]*)", all_prose()))
    assert mentioned - set(TARGET.findall(document("Makefile"))) == set()


def test_every_fab_task_is_documented():
    text = all_prose()
    verbs = {verb.__name__ for verb in fabfile.VERBS}
    assert {verb for verb in verbs if f"fab {verb}:" not in text} == set()
    assert "fab remotes" in text


def test_no_fab_task_is_documented_that_does_not_exist():
    verbs = {verb.__name__ for verb in fabfile.VERBS} | {"remotes", "github"}
    assert set(re.findall(r"`fab ([a-z]+)", all_prose())) <= verbs


def test_every_push_option_is_documented():
    from pipeline.options import KNOWN  # noqa: PLC0415  the pipeline is on the path of the tests

    text = document("docs/operations/releases.md")
    assert {option for option in KNOWN if f"`{option}" not in text} == set()


# --- glossary and dependencies --------------------------------------------------------------------
def glossary():
    text = document("docs/glossary.md")
    rows = re.findall(r"^\| \*\*(.+?)\*\* \| (.+?) \| (.*?) \|$", text, re.MULTILINE)
    assert rows
    return rows


def test_a_word_of_the_glossary_means_one_thing():
    terms = [term for term, _, _ in glossary()]
    assert [term for term, count in Counter(terms).items() if count > 1] == []
    assert terms == sorted(terms, key=str.lower)


def test_a_word_of_the_glossary_lives_where_it_says():
    places = [place for _, _, where in glossary() for place in re.findall(r"`([^`]+)`", where)]
    assert [place for place in places if not (ROOT / place).exists()] == []
    assert places


def direct_dependencies():
    lines = [
        line for file in tracked("requirements/*.in") for line in file.read_text().splitlines()
    ]
    python = {re.split(r"[<>=~!\[; ]", line)[0] for line in lines if line[:1].isalpha()}
    package = json.loads(document("package.json"))
    return python | set(package.get("dependencies", {})) | set(package.get("devDependencies", {}))


def reasons():
    text = document("docs/dependencies.md")
    return dict(re.findall(r"^\| `([^`]+)` \| (.+?) \|$", text, re.MULTILINE))


def test_every_direct_dependency_has_its_reason():
    assert direct_dependencies() - set(reasons()) == set()


def test_no_reason_is_left_of_a_dependency_that_is_gone():
    assert set(reasons()) - direct_dependencies() == set()


def test_nothing_is_installed_with_a_release_that_the_application_does_not_use():
    listed = [line for line in document("requirements/base.in").splitlines() if line[:1].isalpha()]
    packages = [re.split(r"[<>=~!]", line)[0] for line in listed]
    code = "\n".join(file.read_text() for file in tracked("app/*.py"))
    modules = {
        one: IMPORTED_AS.get(one, re.sub(r"^django-(?=axes|csp)", "", one)) for one in packages
    }
    unused = {one for one, module in modules.items() if module.replace("-", "_") not in code}
    assert unused == set()
