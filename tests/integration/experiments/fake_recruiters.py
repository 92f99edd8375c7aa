"""Recruiters on this machine: they forget to reply, answer 500, and count what they were told."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

LOST, BROKEN, BUSY = "lost", 500, 429
CREDITED = ('<WebstudyCreditResponse><WebstudyCreditResult><a:Errors i:nil="true"/><a:Result>'
            "<a:credit_status>G</a:credit_status></a:Result>"
            "</WebstudyCreditResult></WebstudyCreditResponse>")  # fmt: skip
REFUSED = (
    "<WebstudyCreditResponse><WebstudyCreditResult><a:Errors><a:Error><a:Message>{}"
    "</a:Message></a:Error></a:Errors></WebstudyCreditResult></WebstudyCreditResponse>"
)


class Fake:
    """``faults`` are used up one by one, a request each; a lost reply is lost after the deed."""

    key = "top-secret-key"

    def __init__(self):
        self.faults, self.asked, self.accepted = [], [], []
        self.lock = threading.Lock()

    def answer(self, handler):
        """Return the status and the text of a reply."""
        raise NotImplementedError


class Prolific(Fake):
    def __init__(self):
        super().__init__()
        self.states = {}

    def answer(self, request):
        if request.headers.get("Authorization") != f"Token {self.key}":
            return 401, "{}"
        _, _, _, _, submission, *rest = urlsplit(request.path).path.split("/")
        if not self.states.get(submission):
            return 404, "{}"
        if rest[0] == "transition":
            return self._transition(submission, json.loads(request.body))
        return 200, json.dumps({"id": submission, "status": self.states[submission]})

    def _transition(self, submission, body):
        if self.states[submission] != "ACTIVE":
            return 400, json.dumps({"error": "it is not active"})
        self.accepted.append((submission, body["completion_code"]))
        self.states[submission] = "AWAITING REVIEW"
        return 200, json.dumps({"status": "AWAITING REVIEW"})


class Sona(Fake):
    def __init__(self):
        super().__init__()
        self.signed_up = {"4711"}

    def answer(self, request):
        given = {name: values[0] for name, values in parse_qs(urlsplit(request.path).query).items()}
        code = given["survey_code"]
        if given["credit_token"] != self.key or given["experiment_id"] != "123":
            return 200, REFUSED.format(f"credit_token {given['credit_token']} is not valid")
        if code not in self.signed_up:
            return 200, REFUSED.format("nobody has signed up with this code")
        if code in self.accepted:
            return 200, REFUSED.format("this sign-up has already been granted credit")
        self.accepted.append(code)
        return 200, CREDITED


class MTurk(Fake):
    key = "AKIAEXAMPLE:top-secret-key"

    def __init__(self):
        super().__init__()
        self.states = {}

    def answer(self, request):
        signed = request.headers.get("Authorization", "")
        if "Credential=AKIAEXAMPLE/" not in signed or "top-secret" in signed:
            return 403, "{}"
        action = request.headers["X-Amz-Target"].rpartition(".")[2]
        which = json.loads(request.body)["AssignmentId"]
        state = self.states.get(which)
        if action == "GetAssignment":
            known = (200, {"Assignment": {"AssignmentId": which, "AssignmentStatus": state}})
            status, said = known if state else (400, {"__type": "RequestError"})
            return status, json.dumps(said)
        if state != "Submitted":
            return 400, json.dumps({"__type": "RequestError"})
        self.accepted.append(which)
        self.states[which] = "Approved"
        return 200, "{}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _serve(self):
        fake = self.server.fake
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length)
        with fake.lock:
            fake.asked.append(self.path)
            fault = fake.faults.pop(0) if fake.faults else None
            if isinstance(fault, int):
                return self._reply(fault, "top-secret-key stands in this page")
            status, text = fake.answer(self)
        if fault == LOST:
            self.close_connection = True
            return None
        return self._reply(status, text)

    do_GET = do_POST = _serve  # noqa: N815  the library asks for these names

    def _reply(self, status, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing: the tests read what was asked."""


@contextmanager
def serving(fake):
    """Serve a fake on this machine while the block lasts; yield its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.fake = fake
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
