"""The bucket for code: whose it is, before anything is put there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.stub import ANY, Stubber

from unc.aws.session import Aws, local_aws
from unc.deploy.code_bucket import (
    INLINE_TEMPLATE_BYTES,
    code_key,
    ensure_bucket,
    template_argument,
    upload_package,
)
from unc.deploy.package import Package
from unc.errors import DeployFailed

ACCOUNT = "123456789012"
BUCKET = f"unc-consumer-code-{ACCOUNT}-eu-west-1"
OWNED = {"Bucket": BUCKET, "ExpectedBucketOwner": ACCOUNT}


@pytest.fixture
def aws() -> Aws:
    """Clients of an account whose number is known without a call."""
    clients = local_aws("http://127.0.0.1:1", "eu-west-1")
    clients.account = ACCOUNT
    return clients


@pytest.fixture
def s3(aws: Aws) -> Iterator[Stubber]:
    """What S3 answers, call by call; each has to be made, with just these parameters."""
    with Stubber(aws.s3) as stub:
        yield stub
        stub.assert_no_pending_responses()


@pytest.fixture
def package(tmp_path: Path) -> Package:
    """A zip of nothing much."""
    path = tmp_path / "code.zip"
    path.write_bytes(b"code")
    return Package(path, "digest", 1)


def test_a_bucket_of_ours_is_used_again(aws: Aws, s3: Stubber) -> None:
    s3.add_client_error("create_bucket", "BucketAlreadyOwnedByYou", http_status_code=409)
    assert ensure_bucket(aws) == BUCKET


def test_a_bucket_of_somebody_else_ends_the_deployment(aws: Aws, s3: Stubber) -> None:
    s3.add_client_error("create_bucket", "BucketAlreadyExists", http_status_code=409)
    with pytest.raises(DeployFailed, match=f"{BUCKET} belongs to another account") as failure:
        ensure_bucket(aws)
    assert failure.value.hint


def test_code_goes_only_into_a_bucket_of_this_account(
    aws: Aws, s3: Stubber, package: Package
) -> None:
    key = {"Key": code_key(package)}
    s3.add_client_error("head_object", "404", http_status_code=404, expected_params=OWNED | key)
    put = OWNED | key | {"Body": ANY, "ChecksumAlgorithm": ANY}
    s3.add_response("put_object", {}, expected_params=put)
    upload_package(aws, package)


def test_code_that_lies_there_is_not_sent_again(aws: Aws, s3: Stubber, package: Package) -> None:
    s3.add_response("head_object", {}, expected_params=OWNED | {"Key": code_key(package)})
    upload_package(aws, package)


def test_a_long_template_goes_only_into_a_bucket_of_this_account(aws: Aws, s3: Stubber) -> None:
    s3.add_client_error("create_bucket", "BucketAlreadyOwnedByYou", http_status_code=409)
    put = OWNED | {"Key": "template.yaml", "Body": ANY}
    s3.add_response("put_object", {}, expected_params=put)
    assert BUCKET in template_argument(aws, "x" * (INLINE_TEMPLATE_BYTES + 1))["TemplateURL"]
