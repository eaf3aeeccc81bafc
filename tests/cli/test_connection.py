"""Which system a command reaches, and what it says when there is none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from tests.support.http_server import nobody, reply, serving
from unc.aws.connection import BROUGHT_ALONG, ON_PURPOSE, explain, find_target
from unc.errors import NotReachable
from unc.running import Running, noted

VARIABLES = ("AWS_ENDPOINT_URL", *ON_PURPOSE, *BROUGHT_ALONG)
REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in VARIABLES + REGIONS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


HERE = Running("http://127.0.0.1:4566", "eu-central-1", os.getpid(), "")


def test_without_anything_it_says_what_to_do() -> None:
    with pytest.raises(NotReachable) as failure:
        find_target()
    assert "unc up" in failure.value.hint


def test_what_runs_here_is_found_with_its_region() -> None:
    with noted(HERE):
        aws = find_target()
    assert (aws.endpoint, aws.region) == (HERE.endpoint, "eu-central-1")


def test_an_endpoint_on_this_machine_needs_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:9999")
    assert find_target().endpoint == "http://localhost:9999"


def test_what_is_on_this_machine_is_not_reached_through_a_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Many laptops have one, and it knows nothing of their 127.0.0.1."""
    with nobody() as proxy, serving(reply(200, {"QueueUrls": ["here"]})) as stub:
        monkeypatch.setenv("http_proxy", proxy)
        monkeypatch.setenv("AWS_ENDPOINT_URL", stub.url)
        assert find_target().sqs.list_queues()["QueueUrls"] == ["here"]


def test_credentials_said_on_purpose_win_over_what_runs_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
    with noted(HERE):
        aws = find_target()
    assert (aws.endpoint, aws.region) == (None, "us-east-1")


def test_credentials_that_lie_in_a_file_do_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lying = tmp_path / "credentials"
    lying.write_text("[default]\naws_access_key_id = x\naws_secret_access_key = y\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(lying))
    with noted(HERE):
        assert find_target().endpoint == HERE.endpoint
    with pytest.raises(NotReachable, match="nothing is running here") as failure:
        find_target()
    assert "AWS_PROFILE=default" in failure.value.hint
    monkeypatch.setenv("AWS_PROFILE", "default")
    assert find_target().endpoint is None


@pytest.mark.parametrize(
    "names", [BROUGHT_ALONG[:2], *((name,) for name in BROUGHT_ALONG[1:])], ids=" and ".join
)
def test_credentials_that_the_machine_brings_reach_its_account_when_nothing_runs_here(
    names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lying = tmp_path / "credentials"
    lying.write_text("[default]\naws_access_key_id = x\naws_secret_access_key = y\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(lying))
    for name in names:
        monkeypatch.setenv(name, "something")
    with noted(HERE):
        assert find_target().endpoint == HERE.endpoint
    assert find_target().endpoint is None


def test_the_default_profile_need_not_be_written_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine may have its credentials from elsewhere, and no file at all."""
    monkeypatch.setenv("AWS_PROFILE", "default")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
    assert find_target().endpoint is None


def test_an_account_without_credentials_is_no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "default")
    with pytest.raises(NotReachable, match="no AWS credentials found"):
        find_target()


def test_a_profile_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(NotReachable, match="nobody"):
        find_target()


def test_what_runs_here_is_reached_without_looking_at_profiles(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path))
    with noted(HERE):
        assert find_target().sqs.meta.region_name == "eu-central-1"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NoCredentialsError(), "no AWS credentials"),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), "nothing answers"),
        (
            ClientError({"Error": {"Code": "AccessDenied", "Message": "no\nway"}}, "SendMessage"),
            "SendMessage was refused: AccessDenied: no way",
        ),
    ],
)
def test_the_sdk_s_errors_become_one_line(error: Exception, words: str) -> None:
    said = str(explain(error))  # type: ignore[arg-type]
    assert words in said
    assert "\n" not in said
