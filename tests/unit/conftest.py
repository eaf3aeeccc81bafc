"""Every test starts without a secret; property tests replay from one seed.

HYPOTHESIS_PROFILE=soak tries new examples instead, and more of them.
"""

import os

from hypothesis import HealthCheck, settings

from tests.support.environment import bare_environment as bare_environment

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
