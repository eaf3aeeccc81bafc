"""The one door to AWS for the tool: a session, an endpoint, and clients made when first used."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.config import Config

if TYPE_CHECKING:
    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodbstreams import DynamoDBStreamsClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_logs import CloudWatchLogsClient
    from types_boto3_s3 import S3Client
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_sqs import SQSClient

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
# The emulator takes any credentials; this key names its default account.
LOCAL_ACCOUNT = "000000000000"
_CONFIG = Config(
    connect_timeout=5,
    read_timeout=60,
    retries={"mode": "standard", "max_attempts": 5},
    max_pool_connections=32,
)


@dataclass
class Aws:
    """Clients of one account and region; `endpoint` None means AWS itself."""

    session: boto3.Session
    endpoint: str | None = None

    @property
    def region(self) -> str:
        """The region, us-east-1 unless set."""
        return self.session.region_name or "us-east-1"

    @cached_property
    def config(self) -> Config:
        """How clients behave; what runs on this machine is not reached through a proxy."""
        is_here = self.endpoint is not None and is_loopback(self.endpoint)
        return _CONFIG.merge(Config(proxies={})) if is_here else _CONFIG

    @cached_property
    def account(self) -> str:
        """The account's id; one call."""
        client = self.session.client("sts", endpoint_url=self.endpoint, config=self.config)
        return client.get_caller_identity()["Account"]

    @cached_property
    def cloudformation(self) -> CloudFormationClient:
        """Stacks."""
        return self.session.client("cloudformation", endpoint_url=self.endpoint, config=self.config)

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        """Tables."""
        return self.session.client("dynamodb", endpoint_url=self.endpoint, config=self.config)

    @cached_property
    def streams(self) -> DynamoDBStreamsClient:
        """Changes of tables."""
        return self.session.client(
            "dynamodbstreams", endpoint_url=self.endpoint, config=self.config
        )

    @cached_property
    def functions(self) -> LambdaClient:
        """Lambda functions and their mappings."""
        return self.session.client("lambda", endpoint_url=self.endpoint, config=self.config)

    @cached_property
    def kms(self) -> Any:
        """Keys."""
        return self.session.client("kms", endpoint_url=self.endpoint, config=self.config)

    @cached_property
    def logs(self) -> CloudWatchLogsClient:
        """Logs of the functions."""
        return self.session.client("logs", endpoint_url=self.endpoint, config=self.config)

    @cached_property
    def alarms(self) -> CloudWatchClient:
        """Alarms and metrics."""
        return self.session.client("cloudwatch", endpoint_url=self.endpoint, config=self.config)

    @cached_property
    def s3(self) -> S3Client:
        """Buckets."""
        return self.session.client("s3", endpoint_url=self.endpoint, config=self.config)

    @cached_property
    def secrets(self) -> SecretsManagerClient:
        """Secrets."""
        return self.session.client("secretsmanager", endpoint_url=self.endpoint, config=self.config)

    @cached_property
    def sqs(self) -> SQSClient:
        """Queues."""
        return self.session.client("sqs", endpoint_url=self.endpoint, config=self.config)


def is_loopback(endpoint: str) -> bool:
    """Say whether an endpoint is on this machine, where any credentials do."""
    return urlsplit(endpoint).hostname in _LOOPBACK


def local_aws(endpoint: str, region: str = "us-east-1") -> Aws:
    """Return clients for an emulator; neither profile nor credentials of the user are touched."""
    session = boto3.Session(
        aws_access_key_id=LOCAL_ACCOUNT,
        aws_secret_access_key="local",
        region_name=region,
        botocore_session=without_profile(),
    )
    return Aws(session, endpoint)


def without_profile() -> botocore.session.Session:
    """Return a session that does not read AWS_PROFILE, which may name one that is not here."""
    return botocore.session.Session(session_vars={"profile": (None, None, None, None)})
