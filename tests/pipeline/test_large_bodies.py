"""What is answered to whoever sends much, and is refused before it was read."""

from collections import Counter

LARGE = b"x" * 9_000_000
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
WHERE = "/lab/sessions/upload/"
MANY = 100


def test_a_refusal_reaches_whoever_sends_a_large_file(ground):
    said = Counter(ground.ask(WHERE, "POST", LARGE, FORM).status for _ in range(MANY))
    assert sum(said[status] for status in (403, 404)) == MANY, said


def test_while_the_site_is_down_the_page_says_so_to_them_too(ground):
    before = ground.site.live_socket.readlink()
    ground.site.live_socket.unlink()
    try:
        answer = ground.ask(WHERE, "POST", LARGE, FORM)
    finally:
        ground.site.live_socket.symlink_to(before)
    assert answer.status == 502
    assert b"not running" in answer.body


def test_pages_elsewhere_may_read_what_the_front_says_of_their_trials_and_of_nothing_else(ground):
    for path, origin in (
        ("/designs/run/" + 64 * "0" + "/trials/", "*"),
        ("/lightmill/2020/api/trial/a/b/0/0", "*"),
        ("/lightmill/logs", None),
        (WHERE.removesuffix("upload/"), None),
    ):
        answer = ground.ask(path, "POST", LARGE, {"Content-Type": "text/plain"})
        assert (answer.status, answer.headers.get("Access-Control-Allow-Origin")) == (413, origin)
