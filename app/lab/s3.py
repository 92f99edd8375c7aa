"""Addresses by which somebody may fetch one object of a bucket for a while.

The signature is AWS's version 4 in the query, which every S3-compatible server understands; its
recipe is in the AWS documentation under "Authenticating Requests: Using Query Parameters".
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode, urlsplit

VALID = timedelta(minutes=15)
ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True)
class Bucket:
    """A bucket and the key that opens it; without an endpoint it is Amazon's own."""

    name: str
    endpoint: str
    region: str
    access_key: str
    secret_key: str

    @property
    def base(self) -> str:
        """Return the bucket's address; in the path, which all servers know."""
        endpoint = self.endpoint or f"https://s3.{self.region}.amazonaws.com"
        return f"{endpoint.rstrip('/')}/{quote(self.name)}"


def presigned(bucket: Bucket, key: str, *, method: str, at: datetime) -> str:
    """Return an address that gives the object ``key`` to whoever has it, for some minutes."""
    address = urlsplit(f"{bucket.base}/{quote(key)}")
    stamp = f"{at:%Y%m%dT%H%M%SZ}"
    scope = f"{at:%Y%m%d}/{bucket.region}/s3/aws4_request"
    query = urlencode(
        sorted({
            "X-Amz-Algorithm": ALGORITHM,
            "X-Amz-Credential": f"{bucket.access_key}/{scope}",
            "X-Amz-Date": stamp,
            "X-Amz-Expires": str(int(VALID.total_seconds())),
            "X-Amz-SignedHeaders": "host",
        }.items()),
        quote_via=quote, safe="",
    )  # fmt: skip
    request = f"{method}\n{address.path}\n{query}\nhost:{address.netloc}\n\nhost\nUNSIGNED-PAYLOAD"
    digest = hashlib.sha256(request.encode()).hexdigest()
    text = f"{ALGORITHM}\n{stamp}\n{scope}\n{digest}"
    signature = hmac.new(_key(bucket, at), text.encode(), hashlib.sha256).hexdigest()
    return f"{address.geturl()}?{query}&X-Amz-Signature={signature}"


def _key(bucket: Bucket, at: datetime) -> bytes:
    """Return the key of the day: the secret itself signs nothing."""
    key = f"AWS4{bucket.secret_key}".encode()
    for word in (f"{at:%Y%m%d}", bucket.region, "s3", "aws4_request"):
        key = hmac.new(key, word.encode(), hashlib.sha256).digest()
    return key
