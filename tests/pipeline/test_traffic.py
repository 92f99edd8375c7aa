"""What visitors send arrives whole, also while a release is under way."""

import http.client
import threading
import time

import pytest
from tests.pipeline.ground import digest

MEGABYTE = 1024 * 1024


def pieces(content, size):
    for start in range(0, len(content), size):
        yield content[start : start + size]


def test_a_chunked_post_arrives_whole(ground):
    content = b"0123456789abcdef" * 20_000
    answer = ground.ask(
        "/bench/echo/",
        "POST",
        pieces(content, 7_001),
        encode_chunked=True,
        headers={"Transfer-Encoding": "chunked"},
    )
    assert answer.status == 200
    assert answer.json()["length"] == len(content)
    assert answer.json()["sha256"] == digest(content)


@pytest.mark.parametrize("size", [9 * 1024, 20 * 1024])
def test_long_headers_arrive_whole(ground, size):
    answer = ground.ask("/bench/echo/", headers={"X-Long": "x" * size})
    assert answer.status == 200
    assert answer.json()["header"] == size


def test_an_upload_of_five_megabytes_arrives_whole(ground):
    content = bytes(range(256)) * (5 * MEGABYTE // 256)
    answer = ground.ask("/bench/echo/", "POST", content)
    assert answer.status == 200
    assert answer.json()["sha256"] == digest(content)


def test_a_body_beyond_the_limit_is_refused_and_a_big_upload_is_not(ground):
    content = b"x" * (9 * MEGABYTE)
    assert ground.ask("/bench/echo/", "POST", content).status == 413
    assert ground.ask("/bench/echo/upload/", "POST", content).json()["length"] == len(content)


class Visitor(threading.Thread):
    """Somebody who uses the site while a release is under way; remembers what went wrong."""

    def __init__(self, ground, use):
        super().__init__(daemon=True)
        self.ground, self.use = ground, use
        self.over = threading.Event()
        self.seen, self.faults = [], []

    def run(self):
        while not self.over.is_set():
            try:
                self.seen.append(self.use(self.ground))
            except Exception as error:  # noqa: BLE001  every fault counts
                self.faults.append(repr(error))


def ask_anew(ground):
    answer = ground.ask("/bench/release/")
    assert answer.status == 200, answer.status
    return answer.json()["release"]


def upload(ground):
    content = b"y" * (5 * MEGABYTE)
    answer = ground.ask("/bench/echo/", "POST", content)
    assert answer.status == 200, answer.status
    assert answer.json()["length"] == len(content)
    return answer.json()["release"]


def trickle(ground):
    content = b"z" * 40_000

    def slowly():
        for piece in pieces(content, 1_000):
            time.sleep(0.1)
            yield piece

    headers = {"Content-Length": str(len(content))}
    answer = ground.ask("/bench/echo/", "POST", slowly(), headers=headers)
    assert answer.status == 200, answer.status
    assert answer.json()["sha256"] == digest(content)
    return answer.json()["release"]


def stay(ground):
    """One connection, kept for the whole release."""
    connection = http.client.HTTPConnection("127.0.0.1", ground.port, timeout=30)
    seen = []
    for _ in range(150):
        connection.request("GET", "/bench/release/")
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, answer.status
        assert answer.getheader("Connection") != "close"
        seen.append(body)
        time.sleep(0.05)
    connection.close()
    return len(set(seen))


def test_no_request_is_lost_by_a_release(ground, work):
    old = ground.site.live_release()
    visitors = [Visitor(ground, use) for use in (ask_anew, ask_anew, upload, trickle, stay)]
    slow = Visitor(ground, lambda where: where.ask("/bench/slow/?s=8").json()["release"])
    for visitor in [*visitors, slow]:
        visitor.start()
    time.sleep(0.5)
    slow.over.set()  # one request, in flight over the switch
    work.commit("Release under load")
    told = work.push()
    time.sleep(1)
    for visitor in visitors:
        visitor.over.set()
    for visitor in [*visitors, slow]:
        visitor.join(60)
    assert told.code == 0, told.text
    assert [visitor.faults for visitor in [*visitors, slow]] == [[]] * 6
    assert slow.seen == [old]
    assert visitors[0].seen[0] == old
    assert visitors[0].seen[-1] == ground.site.live_release()


def test_no_visitor_meets_the_old_release_after_the_new_one(ground, work):
    visitor = Visitor(ground, ask_anew)
    visitor.start()
    old = ground.site.live_release()
    work.commit("Cut over cleanly")
    assert work.push().code == 0
    visitor.over.set()
    visitor.join(30)
    assert visitor.faults == []
    new = ground.site.live_release()
    first_new = visitor.seen.index(new)
    assert set(visitor.seen[:first_new]) == {old}
    assert set(visitor.seen[first_new:]) == {new}


def test_a_refused_release_disturbs_nobody(ground, work):
    visitor = Visitor(ground, ask_anew)
    visitor.start()
    work.add("app/config/urls.py", "\nfrom nowhere import views\n")
    work.commit("Break it under load")
    assert work.push().code != 0
    visitor.over.set()
    visitor.join(30)
    assert visitor.faults == []
    assert set(visitor.seen) == {ground.site.live_release()}
