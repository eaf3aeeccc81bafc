"""Every test starts without a secret; property tests replay from one seed.

HYPOTHESIS_PROFILE=soak tries new examples instead, and more of them.
"""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

_LARGE_INPUTS = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile(
    "project",
    deadline=None,
    derandomize=True,
    max_examples=200,
    suppress_health_check=_LARGE_INPUTS,
)
settings.register_profile(
    "soak", deadline=None, max_examples=20_000, suppress_health_check=_LARGE_INPUTS
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "project"))


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No credentials of the machine's are looked for, and no fetched secret leaks out of a test."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    yield
    os.environ.pop("INTELLIGENCE_API_SECRET", None)
