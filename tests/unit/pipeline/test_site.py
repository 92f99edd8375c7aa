import pytest

from pipeline import site as sites
from pipeline.errors import SiteInvalid


def written(tmp_path, text):
    (tmp_path / "site.toml").write_text(text)
    return tmp_path / "site.toml"


def test_what_is_left_out_has_the_value_of_the_example(tmp_path):
    site = sites.load(written(tmp_path, 'name = "production"\n[folders]\nrun = "/tmp/r"\n'))
    assert (site.name, site.branch) == ("production", "staging")
    assert site.facts["release"]["keep"] == 5


def test_an_unknown_key_is_refused_with_the_known_ones(tmp_path):
    with pytest.raises(SiteInvalid, match=r"unknown key 'colour'\. Known: name, branch"):
        sites.load(written(tmp_path, 'colour = "red"'))


def test_an_unknown_key_inside_a_table_is_refused(tmp_path):
    with pytest.raises(SiteInvalid, match="web: unknown key 'workers'"):
        sites.load(written(tmp_path, "[web]\nworkers = 3"))


@pytest.mark.parametrize("line", ["name = 3", "[web]\nprocesses = true", '[web]\nthreads = "4"'])
def test_a_value_of_another_type_is_refused(tmp_path, line):
    with pytest.raises(SiteInvalid, match="must be like"):
        sites.load(written(tmp_path, line))


def test_a_whole_number_may_stand_for_seconds(tmp_path):
    site = sites.load(written(tmp_path, '[release]\ndrain_s = 3\n[folders]\nrun = "/tmp/r"'))
    assert site.facts["release"]["drain_s"] == 3


def test_a_folder_too_long_for_sockets_is_refused_with_the_remedy(tmp_path):
    with pytest.raises(SiteInvalid, match=r"Set folders\.run to a shorter path"):
        sites.load(written(tmp_path, f'[folders]\nrun = "/tmp/{"x" * 80}"'))


def test_a_missing_file_says_what_makes_it(tmp_path):
    with pytest.raises(SiteInvalid, match="make up"):
        sites.load(tmp_path / "site.toml")


def test_a_broken_file_names_its_line(tmp_path):
    with pytest.raises(SiteInvalid, match="line 1"):
        sites.load(written(tmp_path, "name =\n"))


def test_the_variables_of_a_site_hold_no_secret(site):
    site.folder("secrets").write_text("STUDIUM_SECRET_KEY=very-secret-value\n")
    assert "very-secret-value" not in str(site.variables())
