"""Event source mappings: which feed a function, and switching them.

A mapping that is off keeps its position in the stream; one that is deleted does not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from botocore.exceptions import ClientError

from unc.aws.session import Aws
from unc.errors import DeployFailed

_SETTLED = ("Enabled", "Disabled")
_POLL_SECONDS = 0.3
_AWS_POLL_SECONDS = 3.0
LIMIT_SECONDS = 900.0


@dataclass(frozen=True)
class Mapping:
    """An event source mapping; `function` by name."""

    id: str
    source: str
    function: str
    state: str

    @property
    def reads_stream(self) -> bool:
        """Say whether it reads a table's stream; otherwise it reads a queue."""
        return ":dynamodb:" in self.source

    @property
    def is_off(self) -> bool:
        """Say whether it has stopped."""
        return self.state in ("Disabled", "Disabling")


def mappings_of(aws: Aws, function: str) -> list[Mapping]:
    """Return the mappings that feed a function."""
    pages = aws.functions.get_paginator("list_event_source_mappings")
    return [
        to_mapping(dict(raw))
        for page in pages.paginate(FunctionName=function)
        for raw in page["EventSourceMappings"]
    ]


def to_mapping(raw: dict[str, object]) -> Mapping:
    """Take what is needed out of Lambda's description."""
    # arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]
    function = str(raw.get("FunctionArn", "")).split(":")[6:7]
    return Mapping(
        str(raw.get("UUID")),
        str(raw.get("EventSourceArn")),
        function[0] if function else "",
        str(raw.get("State")),
    )


def find_by_id(aws: Aws, id: str) -> Mapping:
    """Return one mapping."""
    return to_mapping(dict(aws.functions.get_event_source_mapping(UUID=id)))


def switch(aws: Aws, mappings: Sequence[Mapping], on: bool) -> None:
    """Switch mappings on or off and wait until each is."""
    wanted = "Enabled" if on else "Disabled"
    for mapping in mappings:
        if _await_state(aws, mapping, _SETTLED) != wanted:
            aws.functions.update_event_source_mapping(UUID=mapping.id, Enabled=on)
    for mapping in mappings:
        _await_state(aws, mapping, (wanted,))


def delete(aws: Aws, mappings: Sequence[Mapping]) -> None:
    """Delete mappings and wait until they are gone: Lambda takes no second one of a kind."""
    for mapping in mappings:
        _await_state(aws, mapping, _SETTLED)
        aws.functions.delete_event_source_mapping(UUID=mapping.id)
    for mapping in mappings:
        _await_state(aws, mapping, ("gone",))


def _await_state(aws: Aws, mapping: Mapping, states: Collection[str]) -> str:
    """Wait until a mapping is in one of these states; return it."""
    state = ""

    def is_there() -> bool:
        nonlocal state
        state = _read_state(aws, mapping)
        return state in states

    wait_until(aws, is_there, f"event source {mapping.id} of {mapping.function} does not settle")
    return state


def _read_state(aws: Aws, mapping: Mapping) -> str:
    """Return a mapping's state, `gone` when there is none any more."""
    try:
        return aws.functions.get_event_source_mapping(UUID=mapping.id)["State"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "ResourceNotFoundException":
            return "gone"
        raise


def wait_until(
    aws: Aws,
    fact: Callable[[], bool],
    otherwise: str,
    hint: str = "run it again: it goes on from here",
    interval: float | None = None,
    limit: float = LIMIT_SECONDS,
) -> None:
    """Poll a fact, for `limit` seconds; raises DeployFailed when it does not become true."""
    pause = interval or (_POLL_SECONDS if aws.endpoint else _AWS_POLL_SECONDS)
    deadline = time.monotonic() + limit
    while not fact():
        if time.monotonic() > deadline:
            raise DeployFailed(otherwise, hint)
        time.sleep(pause)
