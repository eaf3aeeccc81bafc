"""The one door to AWS: signed JSON calls, one try each.

Whether to try again is the caller's to decide, with the invocation's time in view;
Unavailable says that it may help, Refused that it will not.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from consumer.aws.connection import NoAnswer, NotSent, Response
from consumer.aws.credentials import Credentials
from consumer.aws.endpoint import endpoint
from consumer.aws.http import HttpPool
from consumer.aws.sigv4 import signed_headers
from consumer.errors import Refused, Unavailable

CONNECT_SECONDS = 2.0  # a cold container of 256 MB does its handshakes on a seventh of a core
READ_SECONDS = 3.0
LONGEST_CALL_SECONDS = CONNECT_SECONDS + READ_SECONDS

# A request is built anew from plain values, so it holds no circle to look for.
_to_json = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode

_CONTENT_TYPES = {
    "dynamodb": "application/x-amz-json-1.0",
    "sqs": "application/x-amz-json-1.0",
    "secretsmanager": "application/x-amz-json-1.1",
}
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html, and what
# botocore repeats: a test compares the two.
_PASSING = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "InternalServerError",
        "ItemCollectionSizeLimitExceededException",
        "KmsThrottled",
        "LimitExceededException",
        "OverLimit",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "ReplicatedWriteConflictException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
# A clock that is off, or credentials that were renewed a moment ago: sign anew.
_SIGN_ANEW = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidSignatureException",
        "RequestExpired",
        "RequestInTheFuture",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)


class AwsRefused(Refused):
    """AWS rejected the call; `answer` is the JSON of its response, which may list each part."""

    def __init__(self, code: str, answer: dict[str, Any]) -> None:
        super().__init__(code)
        self.answer = answer


class AwsClient:
    """Calls operations of DynamoDB, SQS and Secrets Manager.

    Raises SettingInvalid when it is made with a variable that holds no address.
    """

    def __init__(
        self,
        region: str,
        credentials: Callable[[], Credentials],
        http: HttpPool,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self._region = region
        self._endpoints = {service: endpoint(service, region) for service in _CONTENT_TYPES}
        self._credentials = credentials
        self._http = http
        self._read_seconds = read_seconds
        self._skew = timedelta(0)

    def call(self, service: str, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Call `operation` (with its target prefix, `DynamoDB_20120810.Query`).

        Raises Unavailable for throttling, faults of the service or the network and
        unknown outcomes, Refused (AwsRefused where AWS answered) for everything else.
        """
        return self.start(service, operation, request)()

    def start(
        self, service: str, operation: str, request: dict[str, Any]
    ) -> Callable[[], dict[str, Any]]:
        """Send without waiting; the function returned waits, and raises what `call` does."""
        try:
            credentials = self._credentials()
        except (Unavailable, Refused) as error:
            return partial(_fail, error)
        url, body = self._endpoints[service], _to_json(request).encode()
        headers = signed_headers(
            host=urlsplit(url).netloc,
            region=self._region,
            service=service,
            target=operation,
            content_type=_CONTENT_TYPES[service],
            body=body,
            credentials=credentials,
            at=datetime.now(UTC) + self._skew,
        )
        finish = self._http.start(f"{url}/", headers, body, CONNECT_SECONDS, self._read_seconds)
        return partial(self._finish, finish)

    def _finish(self, finish: Callable[[], Response]) -> dict[str, Any]:
        try:
            response = finish()
        except (NotSent, NoAnswer) as error:
            raise Unavailable(f"{type(error).__name__}:{error}") from None
        return self._read(response)

    def _read(self, response: Response) -> dict[str, Any]:
        try:
            content = json.loads(response.body)  # a complete response is never empty
        except ValueError:
            content = None
        if response.status == 200 and isinstance(content, dict):
            return content
        content = content if isinstance(content, dict) else {}
        code = _code(content) or f"Http{response.status}"
        if code in _SIGN_ANEW:
            self._note_skew(response)
        if code in _PASSING or code in _SIGN_ANEW or response.status in (200, 408, 429):
            raise Unavailable(code)
        if response.status >= 500:
            raise Unavailable(code)
        raise AwsRefused(code, content)

    def _note_skew(self, response: Response) -> None:
        """Take AWS's clock for ours; it says the time in every response."""
        with suppress(KeyError, TypeError, ValueError):
            self._skew = parsedate_to_datetime(response.headers["date"]) - datetime.now(UTC)


def _code(content: dict[str, Any]) -> str:
    """`com.amazonaws.dynamodb.v20120810#ThrottlingException` without what stands before `#`."""
    return str(content.get("__type") or "").rpartition("#")[2].partition(":")[0]


def _fail(error: Unavailable | Refused) -> dict[str, Any]:
    raise error
