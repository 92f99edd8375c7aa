"""What `status` tells people, from facts."""

import pytest

from pipeline import status

FACTS = {
    "site": "staging",
    "url": "https://staging.example.org",
    "live": None,
    "commit": None,
    "branch": "0" * 40,
    "health": {"status": "ready"},
    "emperor": True,
    "maintenance": "staging: no maintenance",
    "kept": [],
    "free_mb": 5000,
    "busy": None,
    "interrupted": None,
    "pending": [],
    "ledger_faults": [],
    "role": "main",
    "hosts": {},
}


@pytest.mark.parametrize(
    ("url", "is_told"),
    [
        ("http://studium.lab", True),
        ("http://192.168.1.5:8080", True),
        ("https://studium.lab", False),
        ("http://127.0.0.1:8001", False),
        ("http://localhost", False),
    ],
)
def test_a_site_of_plain_http_is_called_so(url, is_told):
    told = "\n".join(status.lines(FACTS | {"url": url}))
    assert ("PLAIN HTTP" in told) == is_told
