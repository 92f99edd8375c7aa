"""What a deploy key may ask for, and that everything else is refused."""

import runpy
import shlex
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from pipeline import __main__ as pipeline
from pipeline import remote
from pipeline.hosts import Host
from pipeline.site import Site

FILE = Path(__file__).parents[3] / "deploy" / "server" / "usr" / "local" / "bin" / "studium-gate"
GATE = runpy.run_path(str(FILE))
REPOSITORY, RIGHTS, VERBS = GATE["REPOSITORY"], GATE["RIGHTS"], GATE["VERBS"]
FAB = (
    "env PYTHONPATH=/srv/studium/live/deploy:/srv/studium/bootstrap python3 -B -m pipeline "
    "{} --site /srv/studium/site.toml"
)
COMMIT = "0123456789abcdef" * 2 + "01234567"
RELEASE = f"20261121T093000123456Z-{COMMIT[:12]}"
LETTERS = some.characters(exclude_categories=("Cc", "Cs")) | some.sampled_from("\n\t'\"$`\\-=;|&")
TEXTS = some.text(LETTERS, max_size=200)


def program(asked, may=RIGHTS):
    """Return what the gate would become; None when it refuses."""
    try:
        return GATE["program"](asked, may)
    except GATE["Refused"]:
        return None


def asked_by_fab(verb, *flags, words=()):
    """Return the line that fabfile.py and deploy/reach send."""
    end = ["--", *words] if words else []
    return f"{FAB.format(verb)} {shlex.join([*flags, *end])}"


def understood(words):
    """Return what the pipeline's own command line makes of the gate's words."""
    own, rest = pipeline._split([words[1], "--site=x", *words[2:]])
    return pipeline.parser().parse_intermixed_args(own), rest


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (f"git-receive-pack '{REPOSITORY}'", ["git-receive-pack", REPOSITORY]),
        (f"git-upload-pack '{REPOSITORY}'", ["git-upload-pack", REPOSITORY]),
        ("status", ["studium-pipeline", "status"]),
        ("status --json", ["studium-pipeline", "status", "--json"]),
        ("log --count 5 --json", ["studium-pipeline", "log", "--count=5", "--json"]),
        (f"plan {COMMIT}", ["studium-pipeline", "plan", "--", COMMIT]),
        ("finish", ["studium-pipeline", "finish"]),
        ("status --json --here", ["studium-pipeline", "status", "--json", "--here"]),
        (
            "rollback --without-host 'app2: its disk'",
            ["studium-pipeline", "rollback", "--without-host=app2: its disk"],
        ),
        ("rollback", ["studium-pipeline", "rollback"]),
        (f"rollback --to {COMMIT}", ["studium-pipeline", "rollback", f"--to={COMMIT}"]),
        ("maintenance off", ["studium-pipeline", "maintenance", "--", "off"]),
        ("manage -- check --deploy", ["studium-pipeline", "manage", "--", "check", "--deploy"]),
        (FAB.format("status"), ["studium-pipeline", "status"]),
        (FAB.format("log") + " --count 20", ["studium-pipeline", "log", "--count=20"]),
        (
            asked_by_fab("plan", "--pack", words=[COMMIT]),
            ["studium-pipeline", "plan", "--pack", "--", COMMIT],
        ),
        (
            asked_by_fab("rollback", f"--to={RELEASE}", "--reason=it's slow", "--dry-run"),
            ["studium-pipeline", "rollback", f"--to={RELEASE}", "--reason=it's slow", "--dry-run"],
        ),
        (
            asked_by_fab("maintenance", "--message=", words=["on"]),
            ["studium-pipeline", "maintenance", "--message=", "--", "on"],
        ),
    ],
)
def test_a_key_may_do_what_its_owner_needs(asked, words):
    assert program(asked) == words


@pytest.mark.parametrize("asked", ["drift", "drift --json", "studium-drift ask"])
def test_every_key_may_ask_how_the_host_is(asked):
    assert program(asked, may=[])[:2] == ["studium-drift", "ask"]


def test_a_repair_of_the_host_takes_the_right_to_push():
    assert program("drift --apply", may=["push"]) == ["studium-drift", "ask", "--apply"]
    assert program("drift --apply", may=["rollback", "maintenance"]) is None


@pytest.mark.parametrize(
    "rest", ["--aply", "--apply x", "check", "apply", "--json --apply", "; id"]
)
def test_root_is_asked_nothing_else(rest):
    assert program(f"drift {rest}") is None
    assert program(f"studium-drift {rest}") is None


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "sh",
        "git-receive-pack",
        "git-receive-pack '/srv/other.git'",
        f"git-receive-pack '{REPOSITORY}/../site.toml'",
        f"git-receive-pack '{REPOSITORY}' --stateless-rpc",
        f"git-receive-pack --stateless-rpc '{REPOSITORY}'",
        f"git-upload-archive '{REPOSITORY}'",
        f"git-upload-pack '{REPOSITORY}'; id",
        f"git-upload-pack '{REPOSITORY}' && id",
        f"git-upload-pack '{REPOSITORY}'\nid",
        f"git-upload-pack $(id) '{REPOSITORY}'",
        "status; id",
        "status --site /etc/passwd",
        "status -- x",
        "'status --json'",
        "status --json=yes",
        "status --json --json",
        "log --count 99999",
        "log --count '5 --json'",
        "log --count",
        "log --coun 5",
        "plan",
        "plan HEAD",
        "plan --site=/tmp/x",
        f"plan {COMMIT} {COMMIT}",
        "plan -- --pack",
        f"plan --output=/tmp/x {COMMIT}",
        "finish now",
        "finish --site=/tmp/site.toml",
        "rollback R1",
        "rollback --to ../../etc",
        "rollback --to --dry-run",
        "rollback --to=-x",
        "rollback --to",
        "rollback --reason 'ring\x07'",
        "rollback --reason '\x1b[2J'",
        "rollback --reason '\udcff'",
        "rollback --reason=" + "x" * 2001,
        "maintenance",
        "maintenance perhaps",
        "maintenance on off",
        "maintenance on --site=/tmp/x",
        "maintenance --message=x --message=y on",
        "manage",
        "manage -- shell",
        "manage -- check --deploy --fail-level=x",
        "manage -- 'check\n--deploy'",
        "manage -- migrate",
        "carry /tmp/order",
        "recover",
        "pre-receive",
        "update refs/heads/staging a b",
        FAB.format("manage") + " -- shell",
        FAB.format("carry") + " -- /tmp/order",
        FAB.format("status").replace("live", "tmp"),
        FAB.format("status").replace("site.toml", "other.toml"),
        FAB.format("status") + " --site /tmp/site.toml",
        FAB.format("status") + " --site=/tmp/site.toml",
        FAB.format("").replace("  ", " "),
        "env PYTHONPATH=/tmp python3 -B -m pipeline status --site /srv/studium/site.toml",
        "status 'unclosed",
        "scp -t /tmp",
        "rsync --server . /tmp",
        "internal-sftp",
    ],
)
def test_everything_else_is_refused(asked):
    assert program(asked) is None


@given(TEXTS)
@example("--dry-run")
@example("--site=/tmp/x")
@example("-- on")
@example("'; rm -rf / #")
@example("Zurück um 12 Uhr\n„gleich“ \N{COFFIN}")
def test_a_message_arrives_as_it_was_written(text):
    line = asked_by_fab("maintenance", f"--message={text}", words=["on"])
    given, rest = understood(program(line))
    assert (given.verb, given.message, rest) == ("maintenance", text, ["on"])
    assert str(given.site) == "x"


@given(TEXTS)
@example("--dry-run")
@example("--to=R1")
def test_a_reason_is_a_reason_and_nothing_else(text):
    given, rest = understood(program(asked_by_fab("rollback", f"--reason={text}")))
    assert (given.verb, given.reason, given.to, given.dry_run) == ("rollback", text, None, False)
    assert rest == []


WORDS = [*VERBS, *GATE["GIT"], *GATE["ASKED_BY_FAB"], *GATE["SITE"], REPOSITORY, COMMIT, RELEASE]
WORDS += ["--json", "--count", "--to", "--reason", "--message", "--dry-run", "--pack", "--", "on"]
WORDS += ["check", "--deploy", "shell", "carry", "--site=/tmp/x", "-c", ";", "&&", "\n", "=x"]


def is_in_order(words):
    """Say whether these words are a command that we know word for word."""
    if words[0] in GATE["GIT"]:
        return words[1:] == [REPOSITORY]
    if words[0] == "studium-drift":
        return words[1] == "ask" and tuple(words[2:]) in GATE["DRIFT"]
    assert words[0] == "studium-pipeline"
    flags = words[2 : words.index("--")] if "--" in words else words[2:]
    known = VERBS[words[1]]
    return all(flag.partition("=")[0] in known.flags for flag in flags)


@given(some.lists(some.sampled_from(WORDS) | some.text(max_size=12), max_size=14), some.booleans())
def test_whatever_is_asked_becomes_a_known_command_or_nothing(words, is_quoted):
    made = program(shlex.join(words) if is_quoted else " ".join(words))
    assert made is None or is_in_order(made)


@given(some.text())
def test_no_text_at_all_breaks_the_gate(text):
    made = program(text)
    assert made is None or is_in_order(made)


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        (f"git-receive-pack '{REPOSITORY}'", {"push"}),
        (f"plan {COMMIT}", {"push"}),
        ("manage -- check", {"push"}),
        ("finish", {"push", "rollback"}),
        ("rollback", {"rollback"}),
        ("rollback --dry-run", {"rollback"}),
        ("maintenance on", {"maintenance"}),
    ],
)
def test_a_key_does_only_what_it_may(asked, wanted):
    assert program(asked, ()) is None
    for right in RIGHTS:
        assert bool(program(asked, [right])) == (right in wanted), right


@pytest.mark.parametrize("asked", [f"git-upload-pack '{REPOSITORY}'", "status", "log"])
def test_every_key_may_read(asked):
    assert program(asked, ())


def gate(*arguments, asked="status"):
    return subprocess.run(
        [sys.executable, "-IBXutf8", FILE, *arguments],
        env={"SSH_ORIGINAL_COMMAND": asked},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("asked", "remedy"),
    [
        ("sh", "may fetch from and push to the site's repository"),
        ("rollback", "This key may not rollback: it may read, push."),
        ("manage -- shell", "on the host as root: runuser -u deploy -- studium-pipeline manage"),
        ("log --count many", "--count cannot be 'many'"),
    ],
)
def test_a_refusal_says_why_and_what_to_do(asked, remedy):
    done = gate("ann", "push", asked=asked)
    assert (done.returncode, done.stdout) == (1, "")
    assert remedy in done.stderr


@pytest.mark.parametrize(
    "arguments", [[], ["ann", "bob"], ["../ann"], [""], ["ann", "push", "all"], ["-c", "push"]]
)
def test_a_key_without_a_name_or_with_unknown_rights_reaches_nothing(arguments):
    done = gate(*arguments)
    assert done.returncode == 1
    assert "name of the key's owner" in done.stderr


def test_what_the_hosts_of_a_site_say_to_each_other_may_be_said(tmp_path):
    folders = {"folders": {"bootstrap": "bootstrap", "repository": "repository.git"}}
    rolling = {"rolling": {"identity": "/etc/studium/hosts/key", "connect_s": 5, "release_s": 9}}
    site = Site(tmp_path / "site.toml", {**folders, **rolling})
    host = Host("app2", "application", "deploy@10.0.0.12", "", PurePosixPath("/srv/studium"))
    asked = [
        remote.told(site, host, "status", "--json", "--here"),
        remote.told(site, host, "rollback", f"--to={COMMIT}", "--reason=Ann Ek: 2026Z-0123"),
    ]
    words = [program(one.argv[-1]) for one in asked]
    assert words[0] == ["studium-pipeline", "status", "--json", "--here"]
    assert words[1][1:] == ["rollback", f"--to={COMMIT}", "--reason=Ann Ek: 2026Z-0123"]
