"""Our signatures are those of the SDK for the same requests."""

from datetime import UTC, datetime

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as SdkCredentials

from consumer.aws.credentials import Credentials
from consumer.aws.sigv4 import signed_headers

AT = datetime(2026, 11, 22, 13, 59, 58, tzinfo=UTC)
BODIES = [b"{}", '{"TableName":"chats","Text":"Zoë 👋"}'.encode(), b"x" * 100_000]
CALLS = [
    ("dynamodb", "DynamoDB_20120810.TransactWriteItems", "application/x-amz-json-1.0"),
    ("sqs", "AmazonSQS.SendMessageBatch", "application/x-amz-json-1.0"),
    ("secretsmanager", "secretsmanager.GetSecretValue", "application/x-amz-json-1.1"),
]


def sdk_authorization(headers: dict[str, str], body: bytes, service: str, region: str) -> str:
    """What botocore makes of the same headers and body."""
    unsigned = {name: value for name, value in headers.items() if name != "authorization"}
    request = AWSRequest("POST", f"https://{headers['host']}/", headers=unsigned, data=body)
    request.context["timestamp"] = AT.strftime("%Y%m%dT%H%M%SZ")
    auth = SigV4Auth(SdkCredentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+key"), service, region)
    signed = auth.headers_to_sign(request)
    to_sign = auth.string_to_sign(request, auth.canonical_request(request))
    return (
        f"AWS4-HMAC-SHA256 Credential={auth.scope(request)}, "
        f"SignedHeaders={auth.signed_headers(signed)}, Signature={auth.signature(to_sign, request)}"
    )


@pytest.mark.parametrize("token", [None, "FwoGZXIvYXdzEXAMPLE//token=="])
@pytest.mark.parametrize("body", BODIES, ids=len)
@pytest.mark.parametrize("region", ["us-east-1", "cn-north-1"])
@pytest.mark.parametrize(("service", "target", "content_type"), CALLS)
def test_a_request_is_signed_as_the_sdk_signs_it(
    service: str, target: str, content_type: str, region: str, body: bytes, token: str | None
) -> None:
    headers = signed_headers(
        host=f"{service}.{region}.amazonaws.com",
        region=region,
        service=service,
        target=target,
        content_type=content_type,
        body=body,
        credentials=Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+key", token),
        at=AT,
    )
    assert headers["authorization"] == sdk_authorization(headers, body, service, region)
    assert headers.get("x-amz-security-token") == token


def test_credentials_do_not_show_themselves() -> None:
    shown = repr(Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI", "FwoGZX"))
    assert shown == "Credentials(access_key='AKIDEXAMPLE')"
