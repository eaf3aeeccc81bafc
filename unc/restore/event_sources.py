"""The stack's own event sources while a table comes back, and the stream that they read.

A table that comes back has another stream. CloudFormation does not notice, so the stack is updated
twice with its own template: once without event sources, once with them. Both updates change the
tables' deletion protection, too: CloudFormation then asks DynamoDB for the table's attributes, and
the notifier's right to read and its event source get the new stream.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from unc.aws.mappings import Mapping as EventSource
from unc.aws.mappings import find_by_id, wait_until
from unc.aws.session import Aws
from unc.deploy.change_set import Wanted, update_directly
from unc.deploy.code_bucket import template_argument
from unc.deploy.stack_events import Progress, await_stack, find_stack, newest_event
from unc.takeover.inventory import read_owned

_QUEUE, _STREAM = "QueueMapping", "StreamMapping"


def read_parameters(aws: Aws, stack: str) -> dict[str, str]:
    """Return the values of a stack's parameters; none without a stack."""
    found = find_stack(aws, stack)
    given = found.get("Parameters", []) if found else []
    return {p.get("ParameterKey", ""): p.get("ParameterValue", "") for p in given}


def read_tags(aws: Aws, stack: str) -> dict[str, str]:
    """Return the stack's own tags, which CloudFormation gives to its tables."""
    found = find_stack(aws, stack)
    given = found.get("Tags", []) if found else []
    return {tag["Key"]: tag["Value"] for tag in given}


def queue_sources(aws: Aws, stack: str) -> list[EventSource]:
    """Return the stack's event source on the queue; none while the stack has none."""
    owned = read_owned(aws, stack)
    return [find_by_id(aws, owned[_QUEUE])] if _QUEUE in owned else []


def reads_stream(aws: Aws, stack: str, stream: str | None) -> bool:
    """Say whether the stack's event source reads this stream."""
    owned = read_owned(aws, stack)
    return _STREAM in owned and find_by_id(aws, owned[_STREAM]).source == stream


def attach_anew(aws: Aws, stack: str, progress: Progress) -> None:
    """Replace the stack's event sources; a stream is read from its start, which misses nothing.

    A run that was cut off between the two updates does not know the protection that was chosen:
    the tables are protected then.
    """
    now = read_parameters(aws, stack)
    protection = "true"
    if now.get("AttachEventSources") == "true":
        protection = now.get("DeletionProtection", "true")
        flipped = "false" if protection == "true" else "true"
        progress("taking the event sources off; messages wait in the queues")
        off = {"AttachEventSources": "false", "DeletionProtection": flipped}
        _update(aws, stack, now | off, progress)
    progress("attaching the event sources to the new stream")
    on = {
        "AttachEventSources": "true",
        "DeletionProtection": protection,
        "StreamStartingPosition": "TRIM_HORIZON",
    }
    _update(aws, stack, now | on, progress)


def _update(aws: Aws, stack: str, parameters: Mapping[str, str], progress: Progress) -> None:
    """Update a stack with the template that it has; raises DeployFailed with what failed."""
    body: Any = aws.cloudformation.get_template(StackName=stack)["TemplateBody"]
    text = body if isinstance(body, str) else json.dumps(body)
    before = newest_event(aws, stack)
    template = template_argument(aws, text)
    if update_directly(aws, Wanted(stack, "UPDATE", template, parameters)):
        await_stack(aws, stack, before, progress)


def await_reading(aws: Aws, stack: str) -> None:
    """Wait until the stack's event source on the stream is on; raises DeployFailed if not."""
    id = read_owned(aws, stack)[_STREAM]
    wait_until(
        aws,
        lambda: find_by_id(aws, id).state == "Enabled",
        f"event source {id} does not begin to read",
    )
