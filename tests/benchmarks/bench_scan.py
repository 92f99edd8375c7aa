"""``make bench-scan``: how long a scan of a hundred thousand files takes, and how much memory.

The files are small: what is measured is the walk, the comparison with the records and what is
written down, first when little is as recorded and then when all is. Hashes are compared as far as
the budget of the second line goes.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

from tests import postgres
from tests.benchmarks.bench_lab import MEMORY, SOURCE, say

SESSION_FILES, MISSING, CHANGED, UNREGISTERED = 500, 1_000, 100, 5_000
CONTENT = b"0123456789" * 6
YESTERDAY = time.time() - 86_400


def _made(folder: Path, count: int) -> None:
    """Write the files; the first of them stay away or have another size."""
    for number in range(count + UNREGISTERED):
        if number < MISSING:
            continue
        place = folder / path_of(number)
        if number % SESSION_FILES == 0 or not place.parent.is_dir():
            place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(CONTENT + (b"more" if number < MISSING + CHANGED else b""))
        os.utime(place, (YESTERDAY, YESTERDAY))  # what was just written is left alone


def path_of(number: int) -> str:
    session, file = divmod(number, SESSION_FILES)
    day = f"2026-{1 + session // 28 % 12:02d}-{1 + session % 28:02d}"
    return f"SC{session // 336:03d}/{day}/001/alf/spikes.n{file:03d}.npy"


def recorded(folder: Path, count: int) -> None:
    """Write the records down, without a history: it is not what is measured."""
    from tests.factories import accounts  # noqa: PLC0415  django is set up by then
    from tests.factories import lab as make  # noqa: PLC0415

    from lab import models  # noqa: PLC0415

    house = accounts.lab("Scan")
    person = accounts.person("scanner", lab=house, role="manager")
    share = make.made(models.Repository, name="share", folder=str(folder), is_personal=False)
    kind = make.made(models.DatasetType, name="spikes.times")
    form = make.made(models.DataFormat, name="npy", file_extension=".npy")
    animals: dict[str, object] = {}
    sessions: dict[str, object] = {}
    datasets, files = [], []
    for number in range(count):
        path = path_of(number)
        nickname, day, _one, _alf, name = path.split("/")
        if f"{nickname}/{day}" not in sessions:
            animal = animals.get(nickname) or make.subject(house, person, nickname)
            animals[nickname] = animal
            at = datetime.fromisoformat(f"{day}T09:00:00+00:00")
            sessions[f"{nickname}/{day}"] = make.session(animal, person, began_at=at, number=1)
        dataset = models.Dataset(
            session=sessions[f"{nickname}/{day}"], lab=house, name=name, collection="alf",  # type: ignore[misc]
            type=kind, format=form, created_by=person, file_size=len(CONTENT), is_online=True,
            hash=hashlib.md5(CONTENT).hexdigest(),  # noqa: S324  what clients send
        )  # fmt: skip
        datasets.append(dataset)
        files.append(models.FileRecord(dataset=dataset, repository=share, relative_path=path,
                                       exists=True))  # fmt: skip
    models.Dataset._base_manager.bulk_create(datasets, batch_size=5_000)
    models.FileRecord._base_manager.bulk_create(files, batch_size=5_000)


def scanned(environment: dict[str, str], name: str, *words: str) -> None:
    """Scan in a process of its own, and say what that cost."""
    began = time.monotonic()
    command = [sys.executable, str(SOURCE / "app/manage.py"), "scan_files", "--skip-checks", *words]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    told = process.stdout.read() if process.stdout else ""
    _pid, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"The scan failed.\n{told}")
    said = " · ".join(line.strip() for line in told.splitlines() if line.startswith("  ")
                      and not line.startswith("    "))  # fmt: skip
    memory = usage.ru_maxrss / 1024
    say(f"{name:30}{time.monotonic() - began:7.1f} s{memory:8.0f} MB   {said}")


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100_000)
    given = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder, postgres.server(**MEMORY) as url:
        share = Path(folder, "share")
        share.mkdir()
        environment = _environment(url, folder)
        _made(share, given.files)
        manage = [sys.executable, str(SOURCE / "app/manage.py")]
        subprocess.run(
            [*manage, "migrate", "--verbosity", "0", "--skip-checks"], env=environment, check=True
        )
        program = (
            "import django; django.setup(); from pathlib import Path;"
            "from tests.benchmarks.bench_scan import recorded;"
            f"recorded(Path({json.dumps(str(share))}), {given.files})"
        )
        subprocess.run([sys.executable, "-c", program], env=environment, check=True)
        say(f"{given.files} records, {given.files - MISSING + UNREGISTERED} files")
        scanned(environment, "much is not as recorded", "--hash-gb", "0")
        scanned(environment, "as it was left", "--hash-gb", "0")
        scanned(environment, "with every hash")
    return 0


def _environment(url: str, folder: str) -> dict[str, str]:
    paths = os.pathsep.join(map(str, (SOURCE / "app", SOURCE / "deploy", SOURCE)))
    return os.environ | {
        "DATABASE_URL": url, "PYTHONPATH": paths, "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "STUDIUM_MOUNTS": folder, "STUDIUM_STATE": folder,
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
