"""What a lab's function cannot do, tried as code that means to: by Python and past Python."""

import json
import os
import platform
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tests.factories import scripts

from experiments.scripting import enclosure
from experiments.scripting.pool import Pool, Question

HERE = {"run": {"id": "r", "pseudonym": "ABC", "seed": 5}, "step": "rate", "position": 3}
OFFERED = enclosure.offered()
needs = {
    layer: pytest.mark.skipif(layer not in OFFERED, reason=f"this kernel has no {layer}")
    for layer in ("landlock", "seccomp", "namespaces")
}
CODE = r'''
import ctypes
import os
import socket
import subprocess
import tempfile
import threading

LIBC = ctypes.CDLL(None, use_errno=True)


def told(do):
    try:
        return {"data": {"did": repr(do())}}
    except BaseException as error:
        return {"data": {"refused": f"{type(error).__name__}: {error}"}}


def past_python(number, *arguments):
    """Make a call of the kernel without Python's knowing."""
    found = LIBC.syscall(ctypes.c_long(number), *arguments)
    return {"data": {"did": found} if found >= 0 else {"refused": os.strerror(ctypes.get_errno())}}


def reads(here, *, file: str):
    return told(lambda: open(file).read())


def writes(here, *, file: str):
    return told(lambda: open(file, "w").write("here I was"))


def lists(here, *, folder: str):
    return told(lambda: os.listdir(folder))


def removes(here, *, file: str):
    return told(lambda: os.remove(file))


def connects(here, *, port: int):
    return told(lambda: socket.create_connection(("127.0.0.1", port), timeout=1))


def looks_up(here):
    return told(lambda: socket.getaddrinfo("example.org", 80))


def opens_a_socket_past_python(here, *, number: int, family: int):
    return past_python(number, ctypes.c_int(family), ctypes.c_int(1), ctypes.c_int(0))


def reads_past_python(here, *, number: int, file: str):
    return past_python(number, ctypes.c_int(-100), file.encode(), ctypes.c_int(0), ctypes.c_int(0))


def writes_past_python(here, *, number: int, file: str):
    flags = ctypes.c_int(os.O_CREAT | os.O_WRONLY)
    return past_python(number, ctypes.c_int(-100), file.encode(), flags, ctypes.c_int(0o600))


def reads_by_another_program(here, *, file: str):
    done = subprocess.run(["cat", file], capture_output=True, text=True)
    return {"data": {"code": done.returncode, "out": done.stdout, "err": done.stderr}}


def signals(here, *, number: int, whom: int):
    return past_python(number, ctypes.c_int(whom), ctypes.c_int(0))


def breaks_out_of_its_group(here):
    return told(os.setsid)


def forks(here):
    made = 0
    try:
        while made < 2000:
            if os.fork() == 0:
                threading.Event().wait(20)
                os._exit(0)
            made += 1
    except BlockingIOError:
        pass
    return {"data": {"made": made}}


def counts_files(here):
    kept = []
    for number in range(3, 1024):
        try:
            kept.append(os.readlink(f"/proc/self/fd/{number}"))
        except OSError:
            try:
                os.fstat(number)
                kept.append(number)
            except OSError:
                pass
    return {"data": {"open": len(kept)}}


def uses_scratch(here):
    with tempfile.TemporaryDirectory() as folder:
        inside = os.path.join(folder, "a")
        with open(inside, "w") as file:
            file.write("mine")
        words = open(inside).read()
    left = os.path.join(tempfile.gettempdir(), "left")
    open(left, "w").close()
    return {"data": {"read": words, "left": left, "is_gone": not os.path.exists(folder)}}


def finds(here, *, file: str):
    return {"data": {"there": os.path.exists(file)}}


def computes(here):
    import decimal, json, random, sqlite3, statistics, zoneinfo
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
    at = zoneinfo.ZoneInfo("Europe/Berlin")
    return {"data": {"mean": statistics.mean([1, 2, 3]), "zone": str(at)}}


def shares_memory(here):
    import mmap
    return told(lambda: [mmap.mmap(-1, 512 * 2**20) for _ in range(20)])
'''
NUMBERS = {"x86_64": {"socket": 41, "openat": 257, "kill": 62},
           "aarch64": {"socket": 198, "openat": 56, "kill": 129}}  # fmt: skip
NUMBER = NUMBERS.get(platform.machine(), {})


@pytest.fixture(scope="module")
def code(tmp_path_factory):
    folder = tmp_path_factory.mktemp("code")
    scripts.package(folder, code=CODE)
    return folder


@pytest.fixture(scope="module")
def pool():
    made = Pool()
    yield made
    made.end()


@pytest.fixture
def ask(pool, code):
    def asked(name, *, limit_s=10.0, **arguments):
        call = f"toylab.melodies.{name}"
        outcome = pool.ask(Question(code, call, arguments, "draw", HERE, limit_s=limit_s))
        assert not outcome.error, (outcome.error, outcome.printed)
        return outcome.value["data"]

    return asked


@pytest.fixture
def secret(tmp_path):
    """A file of the site, such as its settings or its database, that the site itself can read."""
    file = tmp_path / "production.env"
    file.write_text("STUDIUM_SECRET_KEY=abc")
    return file


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_a_socket_is_refused_in_words(ask, listener):
    port = listener.getsockname()[1]
    assert "has no network" in ask("connects", port=port)["refused"]
    assert "has no network" in ask("looks_up")["refused"]


@needs["seccomp"]
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, 16])
def test_a_socket_of_any_kind_is_refused_past_python_too(ask, family):
    told = ask("opens_a_socket_past_python", number=NUMBER["socket"], family=int(family))
    assert told == {"refused": "Operation not permitted"}


@needs["landlock"]
def test_the_site_s_files_cannot_be_read(ask, secret):
    settings = Path(enclosure.SOURCE) / "config" / "settings" / "base.py"
    for file in (secret, settings, "/etc/passwd", f"/proc/{os.getpid()}/environ"):
        assert "PermissionError" in ask("reads", file=str(file))["refused"], file
    assert "PermissionError" in ask("lists", folder=str(secret.parent))["refused"]
    assert "PermissionError" in ask("lists", folder="/")["refused"]


@needs["landlock"]
def test_the_site_s_files_cannot_be_read_past_python_either(ask, secret):
    told = ask("reads_past_python", number=NUMBER["openat"], file=str(secret))
    assert told == {"refused": "Permission denied"}
    other = ask("reads_by_another_program", file=str(secret))
    assert (other["code"], other["out"]) == (1, "")
    assert "Permission denied" in other["err"]


def test_a_file_outside_of_its_folder_is_not_written_and_it_is_told_why(ask, code, secret):
    for file in (secret, secret.parent / "new", code / "toylab" / "melodies.py", "/tmp/new"):
        assert "writes in its own folder" in ask("writes", file=str(file))["refused"], file
    assert "own folder" in ask("removes", file=str(secret))["refused"]
    assert secret.read_text() == "STUDIUM_SECRET_KEY=abc"


@needs["landlock"]
def test_a_file_outside_of_its_folder_is_not_written_past_python_either(ask, code, secret):
    for file in (secret, secret.parent / "new", code / "toylab" / "new.py", Path("/tmp/studium-x")):
        told = ask("writes_past_python", number=NUMBER["openat"], file=str(file))
        assert told == {"refused": "Permission denied"}, file
    assert not (secret.parent / "new").exists()


def test_it_has_a_folder_of_its_own_that_is_gone_after_the_call(ask):
    told = ask("uses_scratch")
    assert (told["read"], told["is_gone"]) == ("mine", True)
    assert not Path(told["left"]).exists()
    assert ask("finds", file=told["left"]) == {"there": False}


@needs["landlock"]
def test_it_cannot_write_where_another_call_does(ask):
    other = Path(ask("uses_scratch")["left"]).parent.parent / "999"
    other.mkdir()
    told = ask("writes_past_python", number=NUMBER["openat"], file=str(other / "new"))
    assert told == {"refused": "Permission denied"}


@needs["landlock"]
@needs["seccomp"]
def test_it_cannot_signal_the_site_or_leave_its_group(ask):
    assert "refused" in ask("signals", number=NUMBER["kill"], whom=os.getpid())
    assert "refused" in ask("signals", number=NUMBER["kill"], whom=os.getppid())
    assert "PermissionError" in ask("breaks_out_of_its_group")["refused"]


def test_no_file_of_the_site_or_of_another_call_is_open_in_it(ask):
    assert ask("counts_files") == {"open": 2}  # the question, and what it returns


@needs["namespaces"]
@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may have any number of processes")
def test_it_cannot_fill_the_machine_with_processes(code):
    pool = Pool()
    told = pool.ask(Question(code, "toylab.melodies.forks", {}, "draw", HERE)).value
    pool.end()
    assert told["data"]["made"] <= enclosure.MOST_PROCESSES


def test_memory_that_is_shared_counts_as_well(ask):
    assert "OSError" in ask("shares_memory")["refused"]


def test_what_functions_need_is_there(ask):
    assert ask("computes") == {"mean": 2, "zone": "Europe/Berlin"}


def test_a_folder_that_the_site_lists_may_be_read_and_written(code, tmp_path):
    pool, file = Pool(), tmp_path / "list.csv"
    file.write_text("a,b")
    for name, said in (("reads", {"did": "'a,b'"}), ("writes", {"did": "10"})):
        question = Question(code, f"toylab.melodies.{name}", {"file": str(file)}, "draw", HERE,
                            folders=(str(tmp_path),))  # fmt: skip
        assert pool.ask(question).value["data"] == said
    assert file.read_text() == "here I was"
    pool.end()


def test_nothing_is_left_of_a_pool_that_ends(code):
    pool = Pool()
    pool.ask(Question(code, "toylab.melodies.computes", {}, "draw", HERE))
    scratch = Path(pool._warm[code].scratch)
    assert scratch.is_dir()
    pool.end()
    assert not scratch.exists()


@pytest.mark.parametrize("without", [["landlock"], ["seccomp"], ["landlock", "seccomp"]])
def test_where_the_kernel_has_less_a_function_still_runs_and_python_still_refuses(
    code, tmp_path, without
):
    """Take layers away as a kernel would that does not have them, in a process of its own."""
    program = f"""
import json, os, sys
sys.path[:0] = [{enclosure.SOURCE!r}, {str(code)!r}]
from experiments.scripting import enclosure, landlock, seccomp
def gone(*_, **__):
    raise OSError(38, "not there")
for name in {without!r}:
    module = {{"landlock": landlock, "seccomp": seccomp}}[name]
    setattr(module, "keep_to" if name == "landlock" else "refuse", gone)
from toylab import melodies
held = enclosure.enclose(code={str(code)!r}, scratch={str(tmp_path)!r}, folders=())
enclosure.confine(held=held, scratch={str(tmp_path / "1")!r}, folders=(), size=2**32)
print(json.dumps([sorted(held), melodies.connects(None, port=80), melodies.uses_scratch(None),
                  melodies.writes(None, file="/tmp/studium-y")]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    held, network, scratch, written = json.loads(done.stdout)
    assert set(held) == set(OFFERED) - set(without)
    assert "has no network" in network["data"]["refused"]
    assert scratch["data"]["read"] == "mine"
    assert "own folder" in written["data"]["refused"]
