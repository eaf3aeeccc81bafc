"""Other sender ids of the same person: by phone number and by business-scoped id.

A person who hides the number writes under a business-scoped id, and under the number before or
after that. A chat under the number may name the other id, never the other way round. So the whole
table of chats is read, once for each new id, by a filter that DynamoDB applies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from consumer.webhook.address import parse_address
from unc.aws.tables import Item, Tables, to_item

_LINKS = {
    "phone": "the same phone number",
    "external_id": "the same business-scoped id",
    "parent_external_id": "the same business-scoped id of the parent account",
}


def find_other_ids(tables: Tables, named: Iterable[str]) -> dict[str, str]:
    """Return further sender ids with chats of the same person, each with what links it."""
    known = dict.fromkeys(named, "")
    writers: set[str] = set()
    searched: set[str] = set()
    while new := known.keys() - searched:
        searched |= new
        for chat in _scan_chats(tables, sorted(known)):
            marks = _marks_of(chat)
            link = next((marks[mark] for mark in marks if mark in known), None)
            if link is None:
                continue
            writers.add(chat["sender_id"])
            known.setdefault(chat["sender_id"], link)
            for mark in marks:
                known.setdefault(mark, marks[mark])
    return {id: known[id] for id in sorted(writers) if id not in set(named)}


def _marks_of(chat: Item) -> dict[str, str]:
    """Return the ids that a chat gives its sender, each with what kind it is."""
    marks = {chat["sender_id"]: "the same sender id"}
    sender = chat.get("sender_info") or {}
    for key, link in _LINKS.items():
        value = sender.get(key)
        if isinstance(value, str) and (id := parse_address(value).id):
            marks.setdefault(id, link)
    return marks


def _scan_chats(tables: Tables, ids: list[str]) -> Iterator[Item]:
    """Yield the chats whose sender may have one of these ids; `contains` finds too many."""
    names, values = {"#sender": "sender_info"}, {}
    tests = []
    for number, id in enumerate(ids):
        values[f":id{number}"] = {"S": id}
        tests.append(f"sender_id = :id{number}")
        tests += [f"contains(#sender.{key}, :id{number})" for key in _LINKS]
    arguments: Mapping[str, Any] = {
        "TableName": tables.resources.chat_table,
        "FilterExpression": " OR ".join(tests),
        "ProjectionExpression": "sender_id, #sender",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }
    for page in tables.aws.dynamodb.get_paginator("scan").paginate(**arguments):
        yield from map(to_item, page["Items"])
