"""What most commands begin with: find the system meant, say which it is, read what is in it."""

from __future__ import annotations

from unc.aws import Aws
from unc.console import progress
from unc.resources import Resources, read_resources
from unc.target import describe, find_target


def connect() -> tuple[Aws, Resources]:
    """Find the system meant, and say which it is; raises NotReachable when there is none."""
    aws = find_target()
    progress(describe(aws))
    return aws, read_resources(aws)
