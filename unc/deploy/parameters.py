"""The template's parameters: what was said now, what was chosen before, else the default.

A value that was a default follows the template when its default changes. A value that somebody
chose stays until another is given.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from unc.aws.session import Aws
from unc.deploy.stack_events import find_stack
from unc.deploy.stack_state import NOT_YET
from unc.errors import BadInput

REPLY_SERVICE_URL = "ReplyServiceUrl"
# The workflow's settings; anything else goes by --set.
VARIABLES = {
    "QUEUE_FUNCTION_NAME": "QueueFunctionName",
    "DYNAMO_FUNCTION_NAME": "DynamoFunctionName",
    "QUEUE_NAME": "QueueName",
    "DYNAMODB_CHAT_TABLE": "ChatTableName",
    "DYNAMODB_SESSION_TABLE": "SessionTableName",
    "REPLY_SERVICE_URL": REPLY_SERVICE_URL,
    "ROLE_BOUNDARY_ARN": "RoleBoundaryArn",
}
# Each deployment decides these for itself.
_OWN = ("CodeBucket", "CodeKey", "AttachEventSources", "ComputedAlarms")


def wished_parameters(settings: Iterable[str]) -> dict[str, str]:
    """Take parameters from the environment and from NAME=VALUE settings; the latter win."""
    wished = {
        parameter: os.environ[variable]
        for variable, parameter in VARIABLES.items()
        if os.environ.get(variable)
    }
    wished |= dict(read_setting(setting) for setting in settings)
    if "QueueName" in wished:
        wished["QueueName"] = wished["QueueName"].removesuffix(".fifo") + ".fifo"
    return wished


def read_setting(setting: str) -> tuple[str, str]:
    """Split NAME=VALUE; raises BadInput when it is none, or not for a person to set."""
    name, equals, value = setting.partition("=")
    if not equals or not name:
        raise BadInput(f"{setting} is no setting", "write it as LogLevel=DEBUG")
    if name in _OWN:
        raise BadInput(f"{name} is set by the deployment itself")
    return name, value


def settle_parameters(
    aws: Aws,
    stack: str,
    template: Mapping[str, str],
    wished: Mapping[str, str],
    own: Mapping[str, str],
) -> dict[str, str]:
    """Return a value for every parameter of the template; `own` are the deployment's.

    Raises BadInput for a wished parameter that the template does not have, and for values that
    contradict each other.
    """
    defaults = _read_defaults(aws, template)
    unknown = sorted(wished.keys() - defaults.keys())
    if unknown:
        raise BadInput(f"the template has no parameter {', '.join(unknown)}")
    chosen = {name: value for name, value in read_chosen(aws, stack).items() if name not in _OWN}
    values = {**defaults, **chosen, **wished, **own}
    settled = {name: value for name, value in values.items() if name in defaults}
    check_parameters(settled)
    return settled


def check_parameters(values: Mapping[str, str]) -> None:
    """Raise BadInput for values that the template takes one by one and that cannot go together.

    A mapping that may start more invocations than its function may run is throttled, and every
    throttled batch uses up a receive of its messages.
    """
    _check_reserve(values, "QueueFunctionReservedConcurrency", "QueueMaximumConcurrency")
    _check_reserve(values, "DynamoFunctionReservedConcurrency", "RetryMaximumConcurrency")
    quiet = float(values.get("ReplyQuietSeconds") or 0)
    longest = float(values.get("ReplyLongestWaitSeconds") or quiet)
    if longest < quiet:
        raise BadInput(
            f"ReplyLongestWaitSeconds={longest:g} is below ReplyQuietSeconds={quiet:g}",
            f"set it to {quiet:g} at least",
        )


def _check_reserve(values: Mapping[str, str], reserve_name: str, maximum_name: str) -> None:
    reserve = values.get(reserve_name) or "none"
    if not reserve.isdigit():
        return
    if reserve == "0":
        raise BadInput(f"{reserve_name}=0 throttles every batch", "to pause: --set Paused=true")
    maximum = int(values.get(maximum_name) or 0)
    if maximum > int(reserve) or (maximum == 0 and maximum_name == "QueueMaximumConcurrency"):
        limit = maximum or "no limit"
        raise BadInput(
            f"{maximum_name} ({limit}) exceeds {reserve_name} ({reserve})",
            f"set {maximum_name} from 2 to {reserve}, or {reserve_name}=none",
        )


def read_chosen(aws: Aws, stack: str) -> dict[str, str]:
    """Return the values of a stack that differ from its own template's defaults.

    A stack that a comparison has left empty has parameters, but no template to ask for.
    """
    found = find_stack(aws, stack)
    if not found or found["StackStatus"] in NOT_YET or not found.get("Parameters"):
        return {}
    values = {p.get("ParameterKey", ""): p.get("ParameterValue", "") for p in found["Parameters"]}
    defaults = _read_defaults(aws, {"StackName": stack})
    return {name: value for name, value in values.items() if value != defaults.get(name)}


def _read_defaults(aws: Aws, template: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters of a template, or of a stack's, with their defaults."""
    summary = aws.cloudformation.get_template_summary(**template)  # type: ignore[arg-type]
    return {p.get("ParameterKey", ""): p.get("DefaultValue", "") for p in summary["Parameters"]}
