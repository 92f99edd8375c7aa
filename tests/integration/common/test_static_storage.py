"""Static files as a server collects them: hashed, shared, never changed in place."""

import gzip
import json
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles.finders import get_finders
from django.core.files.storage import FileSystemStorage
from django.core.management import CommandError, call_command

from common.static_storage import ReleaseStaticStorage, StaticFileRefused


def deployed(root, manifest):
    backend = "common.static_storage.ReleaseStaticStorage"
    return {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": backend, "OPTIONS": {"manifest_folder": str(manifest)}},
    }


@pytest.fixture
def root(tmp_path, settings):
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STATIC_ROOT.mkdir()
    return settings.STATIC_ROOT


@pytest.fixture
def collect(root, tmp_path, settings):
    """Collect as a release of that name does; return its manifest's paths."""

    def collected(release):
        settings.STORAGES = deployed(root, tmp_path / release)
        call_command("collectstatic", interactive=False, verbosity=0)
        return json.loads((tmp_path / release / "staticfiles.json").read_text())["paths"]

    return collected


@pytest.fixture
def release_of(root, tmp_path):
    """Collect a handful of files given by content, without the site's own."""

    def collected(files, release="one"):
        source = tmp_path / f"source-{release}"
        for name, content in files.items():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_text(content)
        storage = ReleaseStaticStorage(manifest_folder=str(tmp_path / release))
        here = FileSystemStorage(source)
        list(storage.post_process({name: (here, name) for name in files}))
        return storage.hashed_files

    return collected


def snapshot(folder):
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


def test_the_shared_folder_holds_hashed_files_only(collect, root):
    paths = collect("one")
    assert {name.removesuffix(".gz") for name in snapshot(root)} == set(paths.values())


def test_the_client_of_runs_names_the_hashed_files_that_it_needs(collect, root):
    paths = collect("one")
    text = (root / paths["factorial/studium-runs.js"]).read_text()
    for name in ("js/outbox/outbox.js", "factorial/run.js"):
        assert paths[name].rpartition("/")[2] in text


def test_what_gets_smaller_lies_there_compressed_as_well(release_of, root):
    long, names = "i { color: red }\n" * 200, ("a.css", "a.js", "a.png")
    hashed = release_of(dict.fromkeys(names, long) | {"b.css": "i {}"})
    assert gzip.decompress((root / f"{hashed['a.css']}.gz").read_bytes()).decode() == long
    packed = {name for name in hashed if (root / f"{hashed[name]}.gz").exists()}
    assert packed == {"a.css", "a.js"}


def test_every_file_that_the_finders_know_is_in_the_manifest(collect):
    known = {name for finder in get_finders() for name, _ in finder.list([])}
    assert known == set(collect("one"))


def test_a_second_release_writes_nothing_that_is_there(collect, root):
    collect("one")
    inodes = {name: (root / name).stat().st_ino for name in snapshot(root)}
    collect("two")
    assert {name: (root / name).stat().st_ino for name in snapshot(root)} == inodes


def test_a_module_imports_the_hashed_names_of_others(collect, root):
    paths = collect("one")
    main = (root / paths["js/main.js"]).read_text()
    assert f"./behaviours/{Path(paths['js/behaviours/index.js']).name}" in main


def test_the_stylesheet_is_one_file(collect, root):
    css = (root / collect("one")["css/studium.css"]).read_text()
    assert "@import" not in css
    assert re.search(r"@layer tokens \{", css)


def test_a_change_deep_down_changes_the_names_of_all_that_refer_to_it(release_of):
    files = {"js/main.js": 'import "./a.js";', "js/a.js": 'import "./b.js";'}
    before = release_of(files | {"js/b.js": "export const b = 1;"})
    after = release_of(files | {"js/b.js": "export const b = 2;"}, "two")
    assert not set(before.values()) & set(after.values())


def test_files_that_refer_to_each_other_in_a_circle_are_refused(release_of):
    with pytest.raises(StaticFileRefused, match=r"circle: js/a.js → js/b.js → js/a.js"):
        release_of({"js/a.js": 'import "./b.js";', "js/b.js": 'import "./a.js";'})


def test_a_reference_to_nothing_is_refused_by_name(release_of):
    with pytest.raises(StaticFileRefused, match=r"a\.css refers to gone\.svg"):
        release_of({"a.css": "i { background: url(gone.svg) }"})


def test_what_is_collected_can_be_read_by_the_web_server(release_of, root):
    names = release_of({"a.css": "i {}"})
    assert (root / names["a.css"]).stat().st_mode & 0o777 == 0o644


def prune(tmp_path, *releases, grace=0):
    folders = [str(tmp_path / release) for release in releases]
    call_command("prune_static", "--manifests", *folders, "--grace", grace, verbosity=0)


def test_pruning_removes_what_no_kept_release_names(release_of, root, tmp_path, capsys):
    release_of({"a.css": "i { color: red }"}, "one")
    kept = release_of({"a.css": "i { color: blue }"}, "two")
    prune(tmp_path, "two", grace=-1)
    assert snapshot(root) == set(kept.values())


def test_pruning_takes_a_compressed_file_along_with_its_own(release_of, root, tmp_path, capsys):
    release_of({"a.css": "i { color: red }" * 200}, "one")
    kept = release_of({"a.css": "i { color: blue }" * 200}, "two")
    prune(tmp_path, "two", grace=-1)
    assert snapshot(root) == {kept["a.css"], f"{kept['a.css']}.gz"}


def test_pruning_leaves_what_was_just_collected(release_of, root, tmp_path, capsys):
    release_of({"a.css": "i { color: red }"}, "one")
    release_of({"a.css": "i { color: blue }"}, "two")
    prune(tmp_path, "two", grace=60)
    assert len(snapshot(root)) == 2


def test_pruning_stops_at_a_manifest_that_it_cannot_read(release_of, root, tmp_path):
    release_of({"a.css": "i {}"}, "one")
    with pytest.raises(CommandError, match="Nothing was removed"):
        prune(tmp_path, "one", "lost", grace=-1)
    assert snapshot(root)
