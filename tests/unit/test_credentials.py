"""Credentials: the runtime's variables first, else the SDK's chain where there is one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from consumer.aws.credentials import Credentials, CredentialSource
from consumer.errors import Refused
from tests.support.builders import SOURCE


def test_the_runtimes_variables_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    source = CredentialSource()
    assert source() == Credentials("key", "secret", None)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    assert source() == Credentials("key", "secret", "token")


def test_a_profile_is_found_by_the_sdks_chain(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    profile = "[laptop]\naws_access_key_id = key\naws_secret_access_key = secret\n"
    (tmp_path / "credentials").write_text(profile)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_PROFILE", "laptop")
    assert CredentialSource()() == Credentials("key", "secret", None)


def test_where_there_are_none_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    with pytest.raises(Refused, match=r"^NoCredentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_"):
        CredentialSource()()


def test_a_profile_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_PROFILE", "laptob")
    with pytest.raises(Refused, match=r"^NoCredentials: set AWS_ACCESS_KEY_ID .*laptob"):
        CredentialSource()()


def test_without_the_sdk_the_variables_are_all_there_is() -> None:
    script = (
        "from consumer.aws.credentials import CredentialSource\n"
        "try: CredentialSource()()\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    bare = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"PYTHONPATH": str(SOURCE)}
    ran = subprocess.run(
        [sys.executable, "-S", "-c", script], env=bare, capture_output=True, text=True, check=True
    )
    assert ran.stdout.startswith("Refused NoCredentials: set AWS_ACCESS_KEY_ID")
