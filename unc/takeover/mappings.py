"""The legacy consumer's event source mappings: what feeds it, and the only thing that must stop."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from unc.aws.mappings import Mapping, to_mapping
from unc.aws.session import Aws


def find_mappings(
    aws: Aws, sources: Iterable[str], functions: Collection[str], owned: Collection[str]
) -> list[Mapping]:
    """Return what reads our queue, or feeds our functions from our stream, without the stack.

    Somebody else's function on the stream is left alone: a stream has several readers, a queue one.
    """
    found: list[Mapping] = []
    for source in sources:
        pages = aws.functions.get_paginator("list_event_source_mappings")
        for page in pages.paginate(EventSourceArn=source):
            found += [to_mapping(dict(raw)) for raw in page["EventSourceMappings"]]
    return [
        mapping
        for mapping in found
        if mapping.id not in owned and (not mapping.reads_stream or mapping.function in functions)
    ]
