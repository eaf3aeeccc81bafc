"""No test depends on the shell that it is started from.

Before anything else is imported: some of these are read at import, and child processes inherit
them. Which account, region and proxy a machine works with, what its clock shows and how its
terminal shows colours, is nothing that a test may notice.

Property tests replay from one seed, however busy the machine is, whichever tests run beside them.
HYPOTHESIS_PROFILE=soak tries new examples instead, and more of them.
"""

import os
import time

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import Scheduling

from tests.support.sharing import FileScheduling, sort_longest_first

_FOREIGN = (
    "AWS_",
    "DYNAMODB_",
    "SQS_",
    "REPLY_",
    "INTELLIGENCE_",
    "TWILIO_",
    "PUBLIC_URL",
    "ACCEPT_UNSIGNED_WEBHOOKS",
    "LOG_LEVEL",
)
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_COLOURS = ("FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE", "TTY_INTERACTIVE")

for _name in list(os.environ):
    if _name.startswith(_FOREIGN) or _name.lower() in _PROXIES or _name in _COLOURS:
        del os.environ[_name]
os.environ["TZ"] = "UTC"
time.tzset()

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


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling | None:
    """Share the tests out by what they share."""
    return FileScheduling(config, log) if config.getoption("dist") == "loadscope" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let several processes begin with what takes long; a single one with what is quick."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        sort_longest_first(items)
