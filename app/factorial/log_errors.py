"""What the client protocol of 2025 refuses; ``code`` is what its clients know a refusal by.

The words and the codes are the protocol's. Each is a `StudiumError`, so that one which is raised
outside of the protocol's own addresses is still told as a refusal.
"""

from collections.abc import Mapping

from common.errors import StudiumError


class ProtocolRefusal(StudiumError):
    """A refusal of the protocol. ``source`` says which part of the request it is about."""

    status = 403
    code = "FORBIDDEN"
    source: Mapping[str, str] = {}

    def __init__(self, message: str = "", *, source: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.source = source or self.source


class SessionRequired(ProtocolRefusal):
    code = "SESSION_REQUIRED"
    message = "session required, post to /sessions"


class SessionExists(ProtocolRefusal):
    status = 409
    code = "SESSION_EXISTS"
    message = "Session already exists, delete it first"


class NoSuchSession(ProtocolRefusal):
    status = 404
    code = "SESSION_NOT_FOUND"


class WrongCredentials(ProtocolRefusal):
    code = "INVALID_CREDENTIALS"
    message = "Invalid credentials for role: host"


class NotAHost(ProtocolRefusal):
    message = "Only hosts can create experiments"


class ExperimentClosed(ProtocolRefusal):
    message = "This experiment takes no new runs at the moment; ask whoever runs it"


class NoSuchExperiment(ProtocolRefusal):
    status = 404
    code = "EXPERIMENT_NOT_FOUND"


class ExperimentExists(ProtocolRefusal):
    status = 409
    code = "EXPERIMENT_EXISTS"


class NoExperimentForRun(NoSuchExperiment):
    status = 403


class NoSuchRun(ProtocolRefusal):
    status = 404
    code = "RUN_NOT_FOUND"


class NoRunForLogs(NoSuchRun):
    status = 403


class RunExists(ProtocolRefusal):
    status = 409
    code = "RUN_EXISTS"


class OngoingRuns(ProtocolRefusal):
    code = "ONGOING_RUNS"
    message = "Client already has ongoing runs, end them first"


class OtherRunId(ProtocolRefusal):
    code = "INVALID_RUN_ID"
    message = "A run's id cannot be changed"


class NoSuchTransition(ProtocolRefusal):
    code = "INVALID_STATUS_TRANSITION"


class PendingLogs(ProtocolRefusal):
    code = "PENDING_LOGS"
    message = "Cannot complete run with pending logs"


class WrongLastLogNumber(ProtocolRefusal):
    code = "INVALID_LAST_LOG_NUMBER"


class RunNotRunning(ProtocolRefusal):
    code = "INVALID_RUN_STATUS"


class LogNumberExists(ProtocolRefusal):
    status = 409
    code = "LOG_NUMBER_EXISTS"


class NoSuchLog(ProtocolRefusal):
    status = 404
    code = "LOG_NOT_FOUND"


class NoSuchResource(ProtocolRefusal):
    status = 404
    code = "NOT_FOUND"


class NotThisMethod(ProtocolRefusal):
    status = 405
    code = "METHOD_NOT_ALLOWED"


class NotThisMediaType(ProtocolRefusal):
    status = 415
    code = "UNSUPPORTED_MEDIA_TYPE"


class BodyTooLarge(ProtocolRefusal):
    status = 413
    code = "REQUEST_BODY_TOO_LARGE"


class BadBody(ProtocolRefusal):
    status = 400
    code = "BODY_VALIDATION"


class BadQuery(ProtocolRefusal):
    status = 400
    code = "QUERY_VALIDATION"


class BadQueryForCsv(ProtocolRefusal):
    status = 400
    code = "INVALID_QUERY_PARAMETER"
    message = "CSV content does not support include query parameter"
    source: Mapping[str, str] = {"parameter": "include"}


class SeveralRefusals(ProtocolRefusal):
    """Several parts of one request are wrong; the status is that of the first."""

    def __init__(self, parts: list[ProtocolRefusal]) -> None:
        super().__init__(parts[0].message)
        self.status, self.parts = parts[0].status, parts
