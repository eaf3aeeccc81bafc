"""Bring infra/template.yaml up in an account: upload the zip, create or update the stack, wait.

The zip lies under a key made of its content, so the same code changes nothing.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from unc import project
from unc.aws import Aws
from unc.errors import DeployFailed
from unc.package import Package
from unc.resources import STACK, Resources, read_resources
from unc.stack_events import Progress, explain_failure, new_events, one_line, tell

if TYPE_CHECKING:
    from types_boto3_cloudformation.type_defs import StackTypeDef

CAPABILITIES = "CAPABILITY_NAMED_IAM"
INLINE_TEMPLATE_BYTES = 51_200
POLL_SECONDS = 0.3
STACK_LIMIT_SECONDS = 1800.0


@dataclass(frozen=True)
class Plan:
    """What to bring up: code, parameters of the template, and under which stack name."""

    package: Package
    parameters: Mapping[str, str]
    stack: str = STACK
    template: Path = project.TEMPLATE


def deploy(aws: Aws, plan: Plan, progress: Progress) -> Resources:
    """Create or update the stack; raises DeployFailed with what failed first and why."""
    body = read_template(plan.template)
    bucket = ensure_bucket(aws)
    key = upload_package(aws, bucket, plan.package)
    parameters = {**plan.parameters, "CodeBucket": bucket, "CodeKey": key}
    with clear_refusals():
        started = apply_stack(aws, plan.stack, template_argument(aws, bucket, body), parameters)
    if started is not None:
        wait_for_stack(aws, plan.stack, started, progress)
    return read_resources(aws, plan.stack)


def read_template(path: Path) -> str:
    """Return the template's text; raises DeployFailed when there is none."""
    try:
        return path.read_text()
    except OSError as error:
        raise DeployFailed(f"cannot read {path.name}: {error.strerror}") from error


def ensure_bucket(aws: Aws) -> str:
    """Create the bucket for code once per account and region."""
    name = f"unc-consumer-code-{aws.account}-{aws.region}"
    with contextlib.suppress(
        aws.s3.exceptions.BucketAlreadyOwnedByYou, aws.s3.exceptions.BucketAlreadyExists
    ):
        if aws.region == "us-east-1":
            aws.s3.create_bucket(Bucket=name)
        else:
            place: dict[str, object] = {"LocationConstraint": aws.region}
            aws.s3.create_bucket(Bucket=name, CreateBucketConfiguration=place)  # type: ignore[arg-type]
    return name


def upload_package(aws: Aws, bucket: str, package: Package) -> str:
    """Upload the zip under the digest of its content; return the key."""
    key = f"code/{package.digest}.zip"
    aws.s3.upload_file(str(package.path), bucket, key)
    return key


def template_argument(aws: Aws, bucket: str, body: str) -> dict[str, str]:
    """Hand the template over inline while CloudFormation allows, else through the bucket."""
    if len(body.encode()) <= INLINE_TEMPLATE_BYTES:
        return {"TemplateBody": body}
    aws.s3.put_object(Bucket=bucket, Key="template.yaml", Body=body.encode())
    url = aws.s3.generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": "template.yaml"}
    )
    return {"TemplateURL": url.partition("?")[0]}


def apply_stack(
    aws: Aws, stack: str, template: Mapping[str, str], parameters: Mapping[str, str]
) -> datetime | None:
    """Ask for the stack to be created or updated; return when, or None if nothing changes."""
    remove_stillborn(aws, stack)
    started = datetime.now(UTC)
    arguments = {
        "StackName": stack,
        "Parameters": [
            {"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()
        ],
        "Capabilities": [CAPABILITIES],
        **template,
    }
    if find_stack(aws, stack) is None:
        aws.cloudformation.create_stack(**arguments)  # type: ignore[arg-type]
        return started
    try:
        aws.cloudformation.update_stack(**arguments)  # type: ignore[arg-type]
    except ClientError as error:
        if "No updates are to be performed" in str(error):
            return None
        raise
    return started


def find_stack(aws: Aws, stack: str) -> StackTypeDef | None:
    """Return the stack's description, or None when it is not there."""
    try:
        return aws.cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise


def remove_stillborn(aws: Aws, stack: str) -> None:
    """Delete what a failed creation left: CloudFormation would not update it."""
    found = find_stack(aws, stack)
    if found and found["StackStatus"] in ("ROLLBACK_COMPLETE", "CREATE_FAILED"):
        aws.cloudformation.delete_stack(StackName=stack)
        aws.cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack)


def wait_for_stack(aws: Aws, stack: str, since: datetime, progress: Progress) -> None:
    """Tell each resource as it is done; raises DeployFailed when the stack did not make it."""
    deadline = time.monotonic() + STACK_LIMIT_SECONDS
    told: set[str] = set()
    while True:
        found = find_stack(aws, stack)
        status = found["StackStatus"] if found else "DELETE_COMPLETE"
        tell(new_events(aws, stack, since, told), progress)
        if not status.endswith("_IN_PROGRESS"):
            break
        if time.monotonic() > deadline:
            raise DeployFailed(f"stack {stack} is still {status}", "look at it in the console")
        time.sleep(POLL_SECONDS)
    if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise DeployFailed(explain_failure(aws, stack, since))


@contextlib.contextmanager
def clear_refusals() -> Iterator[None]:
    """Turn CloudFormation's refusal of a template or a parameter into one line."""
    try:
        yield
    except ClientError as error:
        message = error.response.get("Error", {}).get("Message", str(error))
        raise DeployFailed(f"the template was refused: {one_line(message)}") from error
