"""Whether the account's concurrent invocations suffice for an intake.

A request that Lambda throttles gets 429, and Twilio brings it again only where its URL has retry
settings. Limits: https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html. Why
the others are limited and not the intake: docs/decisions/0038-others-are-limited-not-the-intake.md
"""

from __future__ import annotations

from collections.abc import Mapping

from unc.aws.session import Aws
from unc.deploy.parameters import read_chosen
from unc.errors import DeployFailed

# AWS leaves no fewer for the functions that reserve none.
LEAST_UNRESERVED = 100
# What an intake without reserved concurrency must find free, whatever our other functions do.
LEAST_FOR_INTAKE = 10
# What the template makes of RetryMaximumConcurrency=0 beside such an intake.
RETRIES_BESIDE_INTAKE = 50
# A new table on demand takes 4,000 writes a second, 1,000 a partition, and has a shard for each.
STREAM_SHARDS = 4

_INTAKE, _QUEUE, _NOTIFIER = (
    "IntakeReservedConcurrency",
    "QueueFunctionReservedConcurrency",
    "DynamoFunctionReservedConcurrency",
)
_HINT = "ask AWS for more (Service Quotas: concurrent executions), or see docs/howto/twilio.md"


def check_concurrency(aws: Aws, stack: str, parameters: Mapping[str, str]) -> None:
    """Raise DeployFailed when the account cannot hold the intake that is wished for."""
    if parameters.get("WebhookIntake") != "true":
        return
    limits = aws.functions.get_account_settings()["AccountLimit"]
    free = limits.get("UnreservedConcurrentExecutions", 0) + _held(read_chosen(aws, stack))
    require_room(free, parameters)


def room_for_intake(aws: Aws, stack: str) -> int:
    """Return how many invocations a stack's intake finds, whatever our other functions do."""
    found = aws.cloudformation.describe_stacks(StackName=stack)["Stacks"][0].get("Parameters", [])
    values = {each.get("ParameterKey", ""): each.get("ParameterValue", "") for each in found}
    reserve = _reserve(values, _INTAKE)
    if reserve is not None:
        return reserve
    limits = aws.functions.get_account_settings()["AccountLimit"]
    return limits.get("UnreservedConcurrentExecutions", 0) - (_most_of_others(values) or 0)


def require_room(free: int, parameters: Mapping[str, str]) -> None:
    """Raise DeployFailed unless `free` invocations are enough; what the stack reserves is free."""
    reserved = sum(_reserve(parameters, name) or 0 for name in (_INTAKE, _QUEUE, _NOTIFIER))
    if reserved and free - reserved < LEAST_UNRESERVED:
        raise DeployFailed(
            f"the account has {free} concurrent invocations to give, and {reserved} reserved ones "
            f"would leave fewer than {LEAST_UNRESERVED} for all other functions",
            _HINT,
        )
    if _reserve(parameters, _INTAKE) is None:
        _require_rest(free - reserved, _most_of_others(parameters))


def _require_rest(unreserved: int, others: int | None) -> None:
    """Raise DeployFailed unless an intake without reserved concurrency finds its share."""
    if others is None or unreserved - others < LEAST_FOR_INTAKE:
        wanted = "any number" if others is None else str(others)
        raise DeployFailed(
            f"the account has {unreserved} concurrent invocations, and the other functions may "
            f"take {wanted}: the intake would answer 429",
            "set QueueMaximumConcurrency, RetryMaximumConcurrency and StreamParallelizationFactor "
            "lower, or ask AWS for more; see docs/howto/twilio.md",
        )


def _held(chosen: Mapping[str, str]) -> int:
    """Return what the stack's functions reserve today."""
    names = [_QUEUE, _NOTIFIER]
    if chosen.get("WebhookIntake") == "true":
        names.append(_INTAKE)
    return sum(_reserve(chosen, name) or 0 for name in names)


def _reserve(parameters: Mapping[str, str], name: str) -> int | None:
    """Return a function's reserved concurrency; None where it has none."""
    value = parameters.get(name, "none")
    return int(value) if value.isdigit() else None


def _most_of_others(parameters: Mapping[str, str]) -> int | None:
    """Return how many unreserved invocations the other functions take at most; None: no limit.

    A function with reserved concurrency takes none of them.
    """
    queue = int(parameters["QueueMaximumConcurrency"])
    retries = int(parameters["RetryMaximumConcurrency"]) or RETRIES_BESIDE_INTAKE
    stream = STREAM_SHARDS * int(parameters["StreamParallelizationFactor"])
    most = 0
    if _reserve(parameters, _QUEUE) is None:
        if queue == 0:
            return None
        most += queue
    if _reserve(parameters, _NOTIFIER) is None:
        most += retries + stream
    return most
