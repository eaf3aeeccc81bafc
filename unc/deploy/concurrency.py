"""Whether the account's concurrent invocations suffice for an intake.

A request that Lambda throttles gets 429, and Twilio brings it again only where its URL has retry
settings. Limits: https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
"""

from __future__ import annotations

from collections.abc import Mapping

from unc.aws.session import Aws
from unc.deploy.parameters import read_chosen
from unc.errors import DeployFailed

# AWS leaves no fewer for the functions that reserve none.
LEAST_UNRESERVED = 100
# What an intake without a share must find free, whatever the other functions do.
LEAST_FOR_INTAKE = 10
_DEFAULT_RESERVE = "100"
_HINT = "ask AWS for more (Service Quotas: concurrent executions), or see docs/howto/twilio.md"


def check_concurrency(aws: Aws, stack: str, parameters: Mapping[str, str]) -> None:
    """Raise DeployFailed when the account cannot hold the intake that is wished for."""
    if parameters.get("WebhookIntake") != "true":
        return
    limits = aws.functions.get_account_settings()["AccountLimit"]
    free = limits.get("UnreservedConcurrentExecutions", 0) + _held(read_chosen(aws, stack))
    require_room(free, parameters)


def require_room(free: int, parameters: Mapping[str, str]) -> None:
    """Raise DeployFailed unless `free` invocations are enough; the intake's own share is free."""
    share = parameters["IntakeReservedConcurrency"]
    if share != "none":
        if free - int(share) < LEAST_UNRESERVED:
            raise DeployFailed(
                f"the account has {free} concurrent invocations to give, and the intake's share of "
                f"{share} would leave fewer than {LEAST_UNRESERVED} for all other functions",
                _HINT,
            )
        return
    others = _most_of_others(parameters)
    if others is None or free - others < LEAST_FOR_INTAKE:
        wanted = "any number" if others is None else str(others)
        raise DeployFailed(
            f"the account has {free} concurrent invocations, and the other functions may take "
            f"{wanted}: the intake would answer 429",
            "set QueueMaximumConcurrency, RetryMaximumConcurrency and StreamParallelizationFactor "
            "lower, or give the intake a share",
        )


def _held(chosen: Mapping[str, str]) -> int:
    """Return the share that the stack's intake has today."""
    share = chosen.get("IntakeReservedConcurrency", _DEFAULT_RESERVE)
    return int(share) if chosen.get("WebhookIntake") == "true" and share.isdigit() else 0


def _most_of_others(parameters: Mapping[str, str]) -> int | None:
    """Return how many invocations the other functions take at most; None for no limit.

    A stream of one shard, as a table of this size has.
    """
    queue, retry = parameters["QueueMaximumConcurrency"], parameters["RetryMaximumConcurrency"]
    if "0" in (queue, retry):
        return None
    return int(queue) + int(retry) + int(parameters["StreamParallelizationFactor"])
