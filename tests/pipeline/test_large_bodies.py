"""What is answered to whoever sends much, and is refused before it was read."""

from collections import Counter

LARGE = b"x" * 9_000_000
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
WHERE = "/lab/sessions/upload/"
MANY = 100


def test_a_refusal_reaches_whoever_sends_a_large_file(ground):
    said = Counter(ground.ask(WHERE, "POST", LARGE, FORM).status for _ in range(MANY))
    assert sum(said[status] for status in (403, 404)) == MANY, said


def test_a_page_of_a_participant_may_be_large_and_is_answered_by_the_application(ground):
    page = "/run/nobody/0f8fad5b-d9cb-469f-a165-70867728950e/"
    told = ground.ask(page, "POST", LARGE, FORM)
    assert told.status in {403, 404}
    assert ground.ask("/run/nobody/", "POST", LARGE, FORM).status == 413


def test_while_the_site_is_down_the_page_says_so_to_them_too(ground):
    before = ground.site.live_socket.readlink()
    ground.site.live_socket.unlink()
    try:
        answer = ground.ask(WHERE, "POST", LARGE, FORM)
    finally:
        ground.site.live_socket.symlink_to(before)
    assert answer.status == 502
    assert b"not running" in answer.body
