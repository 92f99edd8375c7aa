"""Hosts that were prepared before there was a key for identities get one, and keep the rest."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

FACTS = Path(__file__).resolve().parents[3] / "ansible/roles/app/tasks/facts.yml"
PLAYBOOK = shutil.which("ansible-playbook", path=str(Path(sys.executable).parent))
OLD = "# Secrets of this site\nSTUDIUM_SECRET_KEY=kept\nDATABASE_URL=postgresql:///studium?host=/run\n"
pytestmark = pytest.mark.skipif(PLAYBOOK is None, reason="ansible-playbook is not installed here")


@pytest.fixture
def play(tmp_path):
    """Run the role's tasks about the secrets of a main host, as they stand in the role."""
    secrets = tmp_path / "secrets.env"
    book = tmp_path / "play.yml"

    def run():
        tasks = [each for each in yaml.safe_load(FACTS.read_text()) if _is_of_secrets(each)]
        assert len(tasks) == 3
        for each in tasks:
            for words in each.values():
                if isinstance(words, dict):
                    words.pop("owner", None), words.pop("group", None)
                    for name in ("path", "src", "dest"):
                        if name in words:
                            words[name] = str(secrets)
        given = {"host_role": "main", "app_new_key": "new", "app_new_identity_key": "a-new-key"}
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False,
                "vars": given, "tasks": tasks}  # fmt: skip
        book.write_text(yaml.safe_dump([play]))
        environment = os.environ | {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCAL_TEMP": str(tmp_path),
                                    "ANSIBLE_HOME": str(tmp_path)}  # fmt: skip
        words = [PLAYBOOK, "-i", "localhost,", "-e", f"ansible_python_interpreter={sys.executable}",
                 str(book)]  # fmt: skip
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return secrets.read_text(), "changed=0" in done.stdout

    return secrets, run


def _is_of_secrets(task):
    words = [task.get(f"ansible.builtin.{name}") for name in ("copy", "slurp", "lineinfile")]
    about = [each for each in words if each and "secrets.env" in str(each)]
    return bool(about) and task.get("when") != "host_role != 'main'"


@pytest.mark.parametrize("empty", ["", "STUDIUM_IDENTITY_KEY=\n"])
def test_a_host_without_the_key_gets_one_and_keeps_the_rest_once(play, empty):
    secrets, run = play
    secrets.write_text(OLD + empty)
    told, _ = run()
    assert told == OLD + "STUDIUM_IDENTITY_KEY=a-new-key\n"
    again, is_same = run()
    assert (again, is_same) == (told, True)


def test_a_host_that_has_the_key_keeps_it(play):
    secrets, run = play
    secrets.write_text(OLD + "STUDIUM_IDENTITY_KEY=mine\nEMAIL_URL=smtp://x\n")
    told, is_same = run()
    assert told == OLD + "STUDIUM_IDENTITY_KEY=mine\nEMAIL_URL=smtp://x\n"
    assert is_same


def test_a_new_host_gets_both_keys(play):
    _, run = play
    told, _ = run()
    assert "STUDIUM_SECRET_KEY=new\nSTUDIUM_IDENTITY_KEY=a-new-key\n" in told
