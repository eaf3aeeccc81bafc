"""Which system a command talks to: what the environment names, else the one that runs here.

AWS_ENDPOINT_URL, AWS_PROFILE and AWS_ACCESS_KEY_ID are said on purpose, so they win over a running
`unc up`. Credentials of a workload role or a container count where nothing runs. Credentials that
only lie in a file never count: trying things on a laptop must not reach an account by accident.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ProfileNotFound,
)
from botocore.parsers import ResponseParserError

from unc.aws.resources import Resources, read_resources
from unc.aws.session import Aws, is_loopback, local_aws, without_profile
from unc.errors import BadInput, NotReachable, UncError
from unc.running import find_running
from unc.terminal import err, out, progress

ACCOUNT_VARIABLE = "AWS_ACCOUNT_ID"
ON_PURPOSE = ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_PROFILE")
# A role for a workload, and a container's own credentials.
BROUGHT_ALONG = (
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
_WEB_ADDRESS = re.compile(r"https?://[^/\s]", re.IGNORECASE)
_DEFAULT_PROFILE = "default"
_HOW_TO_REACH_ONE = "start it with unc up, or set AWS_PROFILE=default to reach the account"


def find_target() -> Aws:
    """Return clients for the system meant; raises NotReachable where there is none, or BadInput."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    if endpoint:
        require_web_address("AWS_ENDPOINT_URL", endpoint)
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    on_purpose = _is_any_set(ON_PURPOSE)
    if endpoint and not on_purpose and is_loopback(endpoint):
        return local_aws(endpoint, region or "us-east-1")
    running = None if endpoint or on_purpose else find_running()
    if running:
        return local_aws(running.endpoint, running.region)
    if not (endpoint or on_purpose or _is_any_set(BROUGHT_ALONG)):
        raise NotReachable("nothing is running here", _HOW_TO_REACH_ONE)
    return _account_target(endpoint, region)


def connect() -> tuple[Aws, Resources]:
    """Find the system meant, and say which it is; raises NotReachable when there is none."""
    aws = find_target()
    progress(describe(aws))
    return aws, read_resources(aws)


def connect_for_change(as_json: bool) -> tuple[Aws, Resources]:
    """As `connect`, for a command that changes something: where to is the first line of stdout."""
    aws = find_target()
    announce(aws, as_json)
    return aws, read_resources(aws)


def announce(aws: Aws, as_json: bool) -> None:
    """Say which account a command goes to; on stderr where stdout is for one JSON document."""
    (err if as_json else out).print(name_account(aws), markup=False)


def find_account(as_json: bool) -> Aws:
    """Find the account meant, and say which it is.

    Raises BadInput when AWS_ACCOUNT_ID says that it is another.
    """
    aws = find_target()
    announce(aws, as_json)
    wanted = os.environ.get(ACCOUNT_VARIABLE)
    if wanted and wanted != aws.account:
        raise BadInput(
            f"the credentials are those of account {aws.account}", f"{ACCOUNT_VARIABLE} is {wanted}"
        )
    return aws


def _is_any_set(names: Iterable[str]) -> bool:
    """Say whether one of these variables holds something."""
    return any(os.environ.get(name) for name in names)


def _account_target(endpoint: str | None, region: str | None) -> Aws:
    """Return clients for an account, with whatever credentials the SDK finds."""
    try:
        session = _open_session(region)
    except BotoCoreError as error:
        raise explain(error) from error
    if not _has_credentials(session):
        raise explain(NoCredentialsError())
    if not session.region_name:
        session = _open_session("us-east-1")
    return Aws(session, endpoint)


def _open_session(region: str | None) -> boto3.Session:
    """Open a session; the default profile is whatever the SDK finds, written down or not."""
    if os.environ.get("AWS_PROFILE") != _DEFAULT_PROFILE:
        return boto3.Session(region_name=region)
    return boto3.Session(region_name=region, botocore_session=without_profile())


def _has_credentials(session: boto3.Session) -> bool:
    """Say whether the SDK finds credentials anywhere; its types deny that it may not."""
    found: object | None = session.get_credentials()
    return found is not None


def require_web_address(name: str, url: str) -> None:
    """Raise BadInput when what a setting holds is no address of the web."""
    if not _WEB_ADDRESS.match(url):
        raise BadInput(f"{name} must start with http:// or https://", f"it is {url!r}")
    try:
        is_complete = bool(urlsplit(url).hostname) and urlsplit(url).port != 0
    except ValueError:
        is_complete = False
    if not is_complete:
        raise BadInput(f"{name} has no host, or a port that is none", f"it is {url!r}")


def describe(aws: Aws) -> str:
    """Say in a few words where a command goes."""
    return aws.endpoint or f"AWS in {aws.region}, profile {aws.session.profile_name}"


def name_account(aws: Aws) -> str:
    """Say which account and region a command changes, or that it is this machine; one call."""
    if aws.endpoint and is_loopback(aws.endpoint):
        return f"the laptop: {aws.endpoint}"
    way = f"at {aws.endpoint}" if aws.endpoint else f"profile {aws.session.profile_name}"
    return f"AWS account {aws.account} in {aws.region}, {way}"


def explain(error: BotoCoreError | ClientError | ResponseParserError) -> UncError:
    """Turn an error of the SDK into one line that says what to do."""
    if isinstance(error, NoCredentialsError):
        return NotReachable("no AWS credentials found", _HOW_TO_REACH_ONE)
    if isinstance(error, ProfileNotFound):
        return NotReachable(str(error), "see: aws configure list-profiles")
    if isinstance(error, (EndpointConnectionError, ConnectTimeoutError)):
        return NotReachable(f"nothing answers: {error}", _HOW_TO_REACH_ONE)
    if isinstance(error, ResponseParserError):
        return NotReachable("what answers is not AWS", "what does AWS_ENDPOINT_URL name?")
    if isinstance(error, ClientError):
        refusal = error.response.get("Error", {})
        reason = " ".join(refusal.get("Message", str(error)).split())
        return UncError(f"{error.operation_name} was refused: {refusal.get('Code')}: {reason}")
    return UncError(" ".join(str(error).split()))
