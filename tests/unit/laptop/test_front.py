"""The front's files: what nginx reads, and what it must not misread."""

import re
import subprocess
from pathlib import Path

import pytest
from django.urls import reverse

from laptop import front, packages
from laptop.errors import LaptopError

SHARED = Path(__file__).resolve().parents[3] / "deploy" / "server" / "etc" / "nginx" / "studium"


def test_both_sites_listen_on_loopback_and_reach_their_own_live_socket(clone, sites):
    text = front.configuration(clone.front, sites, root=False)
    assert re.findall(r"listen (\S+)", text) == ["127.0.0.1:8151", "127.0.0.1:8152"]
    for site in sites:
        assert f'set $studium_socket "{site.run}/live.sock";' in text


def test_nothing_is_written_outside_of_the_fronts_folder(clone, sites):
    text = front.configuration(clone.front, sites, root=False)
    written = re.findall(r"(?:pid|error_log|access_log|\w+_temp_path) (\S+?)[ ;]", text)
    assert len(written) == 3 + 5
    assert all(path.startswith(f"{clone.front}/") for path in written)


def test_root_runs_the_workers_itself_so_that_they_may_open_the_socket(clone, sites):
    assert "user root;" in front.configuration(clone.front, sites, root=True)
    assert "user root;" not in front.configuration(clone.front, sites, root=False)


@pytest.mark.parametrize("character", [" ", '"', "$", ";", "{"])
def test_a_path_that_nginx_would_misread_is_refused_with_the_remedy(character, sites):
    with pytest.raises(LaptopError, match="Clone Studium to a folder with a plain name"):
        front.configuration(Path(f"/srv/stu{character}dium"), sites, root=False)


def test_the_files_are_written_once_and_a_change_is_noticed(clone, sites):
    assert front.prepare(clone, sites)
    assert not front.prepare(clone, sites)
    (clone.front / "studium" / "site.conf").write_text("")
    assert front.prepare(clone, sites)


def test_the_page_of_a_site_that_does_not_run_says_how_to_start_it(clone, sites):
    front.prepare(clone, sites)
    page = (clone.front / "pages" / "staging" / "studium-not-running.html").read_text()
    assert "staging site is not running" in page
    assert "<code>make up</code>" in page
    assert "{" not in page.partition("</style>")[2]


def lines_of(name):
    lines = (SHARED / name).read_text().splitlines()
    return [line for line in lines if line.startswith("add_header")]


def test_every_location_has_the_security_headers():
    """A location's add_header cancels what it would inherit."""
    text = (SHARED / "site.conf").read_text()
    blocks = re.findall(r"location [^{]+\{([^}]*)\}", text)
    common = re.findall(r"(?m)^add_header (\S+)", (SHARED / "headers.conf").read_text())
    assert "Strict-Transport-Security" in common
    common.remove("Access-Control-Allow-Origin")  # which allows, where the others forbid
    by_hand = [block for block in blocks if "include studium/headers.conf;" not in block]
    assert all(f"add_header {name} " in block for block in by_hand for name in common)
    assert all(line.endswith("always;") for line in lines_of("headers.conf"))


def test_pages_of_participants_alone_bring_files_as_large_as_items_take():
    """nginx takes the first of its patterns that fits."""
    text = (SHARED / "site.conf").read_text()
    found = re.findall(r"location ~ (\S+) \{([^}]*)\}", text)
    page = f"/run/{'a' * 43}/0f8fad5b-d9cb-469f-a165-70867728950e/"
    most = {"/take/abc/": "", f"/run/{'a' * 43}/": "", page: "1g", f"{page}uploads/": "",
            "/lab/files/upload/": "2g"}  # fmt: skip
    for address, size in most.items():
        inside = next((body for pattern, body in found if re.search(pattern, address)), "")
        assert f"client_max_body_size {size};" in inside or not size, address
        assert size or "client_max_body_size" not in inside, address


def test_what_the_front_knows_is_never_taken_from_a_client():
    own = {"X_REQUEST_ID", "X_FORWARDED_PROTO", "X_FORWARDED_FOR", "X_FORWARDED_HOST", "PROXY"}
    text = (SHARED / "live.conf").read_text()
    assert own <= set(re.findall(r"uwsgi_param HTTP_(\w+)", text))
    handed_on = re.findall(r"proxy_set_header (\S+)", (SHARED / "balance.conf").read_text())
    assert own | {"X_REAL_IP"} <= {name.upper().replace("-", "_") for name in handed_on}


@pytest.mark.skipif(packages.find("nginx") is None, reason="nginx is not installed")
def test_nginx_accepts_the_files(clone, sites):
    front.prepare(clone, sites)
    program = packages.find("nginx")
    words = [program, "-t", "-p", str(clone.front), "-e", f"{clone.front}/error.log"]
    result = subprocess.run(
        [*words, "-c", f"{clone.front}/nginx.conf"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "warn" not in result.stderr


@pytest.mark.parametrize(
    ("page", "mark"),
    [("accounts:welcome", ""), ("accounts:password-reset", ""), ("one:download", "studium_")],
)
def test_the_log_of_the_front_keeps_no_link_that_opens_something(page, mark):
    text = (SHARED / "http.conf").read_text()
    (block,) = re.findall(r"map \$uri \$studium_path \{(.*?)\n\}", text, flags=re.DOTALL)
    (pattern,) = re.findall(r'"~(\S+)" "\$\{studium_link\}', block)
    secret = "Zk3vQ9d0X1y2W3v4U5t6S7r8Q9p0O1n2M3l4K5j6I7h"
    found = re.match(pattern.replace("(?<", "(?P<"), reverse(page, args=[mark + secret]))
    assert found
    assert secret not in found["studium_link"]
    log = re.search(r"log_format studium.*?;", text, flags=re.DOTALL).group()
    assert "$studium_path" in log
    assert not re.search(r"\$(uri|request|request_uri|args|query_string|http_referer)\b", log)
