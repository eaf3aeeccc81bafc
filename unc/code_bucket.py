"""The bucket that CloudFormation fetches code from: one per account and region.

What lies in it is named by its content and never changed.
"""

from __future__ import annotations

import contextlib

from botocore.exceptions import ClientError

from unc.aws import Aws
from unc.package import Package

INLINE_TEMPLATE_BYTES = 51_200


def bucket_name(aws: Aws) -> str:
    """Name the bucket for code: one per account and region."""
    return f"unc-consumer-code-{aws.account}-{aws.region}"


def ensure_bucket(aws: Aws) -> str:
    """Create the bucket for code where it is not there yet."""
    name = bucket_name(aws)
    with contextlib.suppress(
        aws.s3.exceptions.BucketAlreadyOwnedByYou, aws.s3.exceptions.BucketAlreadyExists
    ):
        if aws.region == "us-east-1":
            aws.s3.create_bucket(Bucket=name)
        else:
            place: dict[str, object] = {"LocationConstraint": aws.region}
            aws.s3.create_bucket(Bucket=name, CreateBucketConfiguration=place)  # type: ignore[arg-type]
    return name


def code_key(package: Package) -> str:
    """Name the zip by the digest of its content."""
    return f"code/{package.digest}.zip"


def upload_package(aws: Aws, package: Package) -> None:
    """Upload the zip unless the very same lies there."""
    bucket = bucket_name(aws)
    try:
        aws.s3.head_object(Bucket=bucket, Key=code_key(package))
    except ClientError:
        aws.s3.upload_file(str(package.path), bucket, code_key(package))


def template_argument(aws: Aws, body: str) -> dict[str, str]:
    """Hand the template over inline while CloudFormation allows, else through the bucket."""
    if len(body.encode()) <= INLINE_TEMPLATE_BYTES:
        return {"TemplateBody": body}
    bucket = ensure_bucket(aws)
    aws.s3.put_object(Bucket=bucket, Key="template.yaml", Body=body.encode())
    url = aws.s3.generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": "template.yaml"}
    )
    return {"TemplateURL": url.partition("?")[0]}
