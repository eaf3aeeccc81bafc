"""The bucket that CloudFormation fetches code from: one per account and region.

What lies in it is named by its content and never changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from botocore.exceptions import ClientError

from unc.aws.session import Aws
from unc.deploy.package import Package
from unc.errors import DeployFailed

INLINE_TEMPLATE_BYTES = 51_200


def bucket_name(aws: Aws) -> str:
    """Name the bucket for code: one per account and region."""
    return f"unc-consumer-code-{aws.account}-{aws.region}"


def ensure_bucket(aws: Aws) -> str:
    """Create the bucket for code where it is not there yet; raises DeployFailed if not ours.

    Bucket names are the world's, and anybody can guess this one.
    """
    name = bucket_name(aws)
    try:
        _create_bucket(aws, name)
    except aws.s3.exceptions.BucketAlreadyOwnedByYou:
        pass
    except aws.s3.exceptions.BucketAlreadyExists as error:
        raise DeployFailed(
            f"the bucket {name} belongs to another account, and no code is put there",
            "deploy to another region, or ask AWS support about the bucket",
        ) from error
    return name


def _create_bucket(aws: Aws, name: str) -> None:
    """Create a bucket in the region; the first region must not be named."""
    if aws.region == "us-east-1":
        aws.s3.create_bucket(Bucket=name)
        return
    place: dict[str, object] = {"LocationConstraint": aws.region}
    aws.s3.create_bucket(Bucket=name, CreateBucketConfiguration=place)  # type: ignore[arg-type]


def code_key(package: Package) -> str:
    """Name the zip by the digest of its content."""
    return f"code/{package.digest}.zip"


def upload_package(aws: Aws, package: Package) -> None:
    """Upload the zip unless the very same lies there; S3 refuses where the bucket is not ours."""
    bucket, key = bucket_name(aws), code_key(package)
    try:
        aws.s3.head_object(Bucket=bucket, Key=key, ExpectedBucketOwner=aws.account)
    except ClientError:
        owner = {"ExpectedBucketOwner": aws.account}
        aws.s3.upload_file(str(package.path), bucket, key, ExtraArgs=owner)


def template_argument(aws: Aws, body: str) -> dict[str, str]:
    """Hand the template over inline while CloudFormation allows, else through the bucket."""
    body = compact_template(body)
    if len(body.encode()) <= INLINE_TEMPLATE_BYTES:
        return {"TemplateBody": body}
    bucket = ensure_bucket(aws)
    aws.s3.put_object(
        Bucket=bucket,
        Key="template.yaml",
        Body=body.encode(),
        ExpectedBucketOwner=aws.account,
    )
    url = aws.s3.generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": "template.yaml"}
    )
    return {"TemplateURL": url.partition("?")[0]}


def compact_template(body: str) -> str:
    """Leave out what a YAML template says to its readers, and indent by one blank a level.

    That is comments, blank lines and the descriptions of parameters. No stack behaves otherwise
    without them, and a request takes 51,200 bytes.
    """
    lines, levels = [], [(0, 0)]
    for line in _without_descriptions(body.splitlines()):
        text = line.lstrip()
        if not text or _is_comment(line):
            continue
        indent = len(line) - len(text)
        while levels[-1][0] > indent:
            levels.pop()
        if levels[-1][0] < indent:
            levels.append((indent, levels[-1][1] + 1))
        lines.append(" " * levels[-1][1] + text)
        while text.startswith("- "):  # what follows belongs to the list's item
            indent, text = indent + 2, text[2:]
            levels.append((indent, levels[-1][1] + 2))
    return "\n".join(lines) + "\n"


def _without_descriptions(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines but those that describe a parameter."""
    section, is_description = "", False
    for line in lines:
        if line[:1] not in ("", " ", "#"):
            section = line
        if line[:5].strip():  # a parameter's property, or what stands above one
            is_description = section == "Parameters:" and line.startswith("    Description:")
        if not is_description:
            yield line


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")
