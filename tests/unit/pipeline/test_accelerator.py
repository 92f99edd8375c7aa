"""A release has the accelerator of design searches where it can be built, and works without."""

from pipeline import build
from pipeline.errors import StepFailed
from pipeline.releases import Release
from pipeline.runner import RecordingRunner


class WithoutCompiler(RecordingRunner):
    def run(self, command):
        raise StepFailed(f"{command}: there is no C compiler.")


def release(tmp_path):
    (tmp_path / "app/fmriplan/design").mkdir(parents=True)
    (tmp_path / "app/fmriplan/design/kernel.c").write_text("")
    return Release(id="one", commit="c", folder=tmp_path, environment=tmp_path, libraries=tmp_path)


def test_the_accelerator_is_built_with_the_release(tmp_path):
    runner = RecordingRunner()
    build.accelerate(runner, release(tmp_path), [].append)
    assert str(runner.commands[0]).endswith("-m fmriplan build")


def test_a_release_without_a_compiler_is_built_and_says_so(tmp_path):
    said = []
    build.accelerate(WithoutCompiler(), release(tmp_path), said.append)
    assert "take longer" in said[0]


def test_a_release_that_has_no_searches_builds_nothing(tmp_path):
    runner = RecordingRunner()
    bare = Release(id="old", commit="c", folder=tmp_path, environment=tmp_path, libraries=tmp_path)
    build.accelerate(runner, bare, [].append)
    assert not runner.commands
