"""Somebody who has the source and the log tries to find whose number a session id was made of."""

import ast
import json
import re
import secrets
from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import partial

import pytest

from consumer.conversation.queue_record import read_record
from consumer.conversation.session import NAMESPACE, session_id_after
from consumer.conversation.session_key import SessionKey
from container import KEY_BYTES
from handlers.queue_message_handler import handle_batch
from tests.support.builders import ROOT, SENDER, SOURCE, numbered
from tests.support.doubles import QueueWorld, lines_with

# Between what everybody knows of a country's numbers and the four digits that the log shows, so
# many are left to try: fewer with each text of the source than with what is likely to be the key.
UNKNOWN_DIGITS, UNKNOWN_DIGITS_WITH_SOURCE = 3, 1
WORD = re.compile(r"[^\s\"{}\[\],:]+")


def strings_of_source() -> Iterator[str]:
    """Every text of the functions' source, and every word of the template."""
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)):
                text = node.value
                yield text if isinstance(text, str) else text.decode("latin-1")
    yield from WORD.findall((ROOT / "infra" / "template.yaml").read_text())


def keys_in_log(log: str) -> set[bytes]:
    """All that might be the key and stands in the log; no key at all among it."""
    words = {"", str(NAMESPACE), *WORD.findall(log), *log.splitlines()}
    return {each.encode() for each in words} | {NAMESPACE.bytes}


def keys_in_source() -> set[bytes]:
    return {each.encode("utf-8", "replace") for each in strings_of_source()}


def find_numbers(log: str, session_id: str, tail: str) -> set[str]:
    """The numbers that give the session id with anything that stands in log or source."""
    assert re.fullmatch("…[0-9]{4}", tail), "the log shows the last four digits"
    likely = _tried(session_id, tail[1:], keys_in_log(log), UNKNOWN_DIGITS)
    return likely | _tried(session_id, tail[1:], keys_in_source(), UNKNOWN_DIGITS_WITH_SOURCE)


def _tried(session_id: str, tail: str, keys: Collection[bytes], digits: int) -> set[str]:
    prefix = SENDER[: -len(tail) - digits]
    numbers = (f"{prefix}{n:0{digits}}{tail}" for n in range(10**digits))
    return {n for n in numbers if any(session_id_after(n, "", k) == session_id for k in keys)}


def log_of(world: QueueWorld) -> str:
    """Store a message of a sender who is new; gives the log."""
    assert handle_batch([read_record(numbered(1))], dependencies=world.dependencies) == []
    return "".join(world.log.lines)


def opened(world: QueueWorld) -> tuple[str, str]:
    """The session id and the end of the number, as the log has them beside each other."""
    [line] = lines_with(world, "session opened")
    return line["session_id"], line["sender"]


@pytest.fixture
def world() -> QueueWorld:
    """With a key as a container makes it."""
    world = QueueWorld()
    new_key = partial(secrets.token_hex, KEY_BYTES)
    key = SessionKey(world.services.session_key_store(), new_key)
    world.dependencies = replace(world.dependencies, session_key=key)
    return world


def test_source_and_log_do_not_give_the_number_away(world: QueueWorld) -> None:
    log = log_of(world)
    assert len(keys_in_source()) > 1000
    assert find_numbers(log, *opened(world)) == set()


def test_neither_holds_the_key(world: QueueWorld) -> None:
    log = log_of(world)
    key = world.tables.session_key
    assert key
    assert key not in log
    assert not any(key in each for each in strings_of_source())


def test_with_the_key_the_number_is_found(world: QueueWorld) -> None:
    """So the search would find it, if the key were in what is searched."""
    log = log_of(world)
    leaky = f"{log}\n{world.tables.session_key}"
    assert find_numbers(leaky, *opened(world)) == {SENDER}


def test_without_a_key_the_number_is_found() -> None:
    """As it was, and as it is where no table is named for the key."""
    world = QueueWorld()
    world.dependencies = replace(world.dependencies, session_key=SessionKey())
    log = log_of(world)
    assert find_numbers(log, *opened(world)) == {SENDER}


def test_the_log_is_read_as_it_is_written(world: QueueWorld) -> None:
    """What is searched holds what the log says."""
    log = log_of(world)
    session_id, _ = opened(world)
    assert session_id.encode() in keys_in_log(log)
    assert all(json.loads(line) for line in log.splitlines() if line)
