"""A Lambda function as template properties, with a copy of its code to go back to."""

from __future__ import annotations

import urllib.request
from base64 import b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from unc.aws.session import Aws
from unc.deploy.code_bucket import bucket_name
from unc.errors import DeployFailed
from unc.takeover.inventory import is_denied
from unc.takeover.resource_properties import Properties

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import GetFunctionResponseTypeDef

_PLAIN = ("Handler", "Runtime", "Role", "Timeout", "MemorySize", "Architectures", "Description")
_DOWNLOAD_SECONDS = 60.0


@dataclass(frozen=True)
class LegacyFunction:
    """`environment` may hold secrets; it stays apart from what goes into a template."""

    properties: Properties
    environment: dict[str, str]
    code_key: str
    code_address: str


def may_read(aws: Aws, name: str) -> bool:
    """Say whether the credentials may read a function, which shows its environment."""
    try:
        aws.functions.get_function(FunctionName=name)
    except ClientError as error:
        if is_denied(error):
            return False
        raise
    return True


def read_function(aws: Aws, name: str) -> LegacyFunction:
    """Describe a function; raises DeployFailed for one that is a container image."""
    found = aws.functions.get_function(FunctionName=name)
    configuration = found["Configuration"]
    if configuration.get("PackageType", "Zip") != "Zip":
        raise DeployFailed(
            f"function {name} is a container image, which no zip can replace",
            f"give the new one another name, or: aws lambda delete-function --function-name {name}",
        )
    key = f"takeover/{name}-{b64decode(configuration.get('CodeSha256', '')).hex()[:32]}.zip"
    properties = {
        "FunctionName": name,
        "Code": {"S3Bucket": bucket_name(aws), "S3Key": key},
        **{part: configuration.get(part) for part in _PLAIN if configuration.get(part)},
        **_further_properties(found),
    }
    variables = dict(configuration.get("Environment", {}).get("Variables", {}))
    return LegacyFunction(properties, variables, key, found["Code"].get("Location", ""))


def _further_properties(found: GetFunctionResponseTypeDef) -> Properties:
    """Describe what the template has no word for; saying it here lets the update take it away."""
    configuration: dict[str, Any] = dict(found["Configuration"])
    described: Properties = {}
    network = configuration.get("VpcConfig", {})
    if network.get("SubnetIds"):
        described["VpcConfig"] = {
            name: network[name] for name in ("SubnetIds", "SecurityGroupIds") if name in network
        }
    if layers := configuration.get("Layers"):
        described["Layers"] = [layer["Arn"] for layer in layers]
    if configuration.get("DeadLetterConfig", {}).get("TargetArn"):
        described["DeadLetterConfig"] = configuration["DeadLetterConfig"]
    if configuration.get("TracingConfig", {}).get("Mode") == "Active":
        described["TracingConfig"] = {"Mode": "Active"}
    reserved = found.get("Concurrency", {}).get("ReservedConcurrentExecutions")
    if reserved is not None:
        described["ReservedConcurrentExecutions"] = reserved
    return described


def keep_code(aws: Aws, function: LegacyFunction) -> None:
    """Copy the function's zip to where a rollback of the takeover finds it."""
    request = urllib.request.Request(function.code_address)
    with urllib.request.urlopen(request, timeout=_DOWNLOAD_SECONDS) as answer:
        body = answer.read()
    aws.s3.put_object(
        Bucket=bucket_name(aws),
        Key=function.code_key,
        Body=body,
        ExpectedBucketOwner=aws.account,
    )
