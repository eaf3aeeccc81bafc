"""What no test may take from, or leave in, the environment of its process."""

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine's credentials are never read, and a fetched secret does not outlive a test."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    yield
    os.environ.pop("INTELLIGENCE_API_SECRET", None)
