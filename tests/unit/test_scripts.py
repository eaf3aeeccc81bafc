"""Messages stored by a script: the same path, without a batch around them."""

import copy
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from consumer.aws.dynamodb import DynamoDb
from consumer.conversation.dynamodb_store import DynamoConversationStore
from consumer.conversation.queue_record import read_record
from consumer.errors import NotStored
from consumer.text import MAX_DOCUMENT_LEVELS
from container import QueueDependencies
from handlers.queue_message_handler import (
    get_or_create_session,
    handle_batch,
    process_message,
    store_chat_messages,
)
from queue_function import group_messages_by_sender, parse_message_body
from tests.support.builders import SENDER, body, numbered, sample
from tests.support.doubles import NOW, QueueWorld
from tests.support.dynamodb_limits import faults_of
from tests.support.scripted_aws import ScriptedAws, refused

ENDLESS: list[Any] = []
ENDLESS.append(ENDLESS)


def parsed(number: int = 1, **fields: str | None) -> dict[str, Any]:
    return parse_message_body(body(**{"MessageSid": f"SM{number:032d}"} | fields))


def side_on(aws: ScriptedAws) -> QueueDependencies:
    """The queue half on tables that answer by a script."""
    store = DynamoConversationStore(DynamoDb(aws), "chats", "sessions")
    return replace(QueueWorld().dependencies, conversations=store)


def test_a_script_gets_the_session_that_a_batch_would_use() -> None:
    world = QueueWorld()
    session_id = get_or_create_session(SENDER, world.dependencies)
    assert get_or_create_session(SENDER, world.dependencies) == session_id
    assert handle_batch([read_record(numbered(1))], dependencies=world.dependencies) == []
    assert world.session_ids() == {session_id}


def test_a_script_stores_messages_once() -> None:
    world = QueueWorld()
    messages = [parsed(1), parsed(2), parsed(1)]
    assert process_message(SENDER, messages, world.dependencies) == 2
    assert process_message(SENDER, messages, world.dependencies) == 0


def test_of_a_message_given_twice_the_first_is_stored() -> None:
    aws = ScriptedAws()
    twice = [parsed(1, Body="first"), parsed(1, Body="second")]
    assert store_chat_messages("mine", SENDER, twice, side_on(aws)) == 1
    [[stored]] = aws.writes()
    assert stored["Put"]["Item"]["content"]["M"]["text"] == {"S": "first"}


def test_a_script_may_name_the_session() -> None:
    world = QueueWorld()
    assert store_chat_messages("mine", SENDER, [parsed()], world.dependencies) == 1
    assert world.session_ids() == {"mine"}


def test_a_session_of_somebody_else_gets_what_it_was_named_for_and_no_more() -> None:
    world = QueueWorld()
    theirs = get_or_create_session("1", world.dependencies)
    assert store_chat_messages(theirs, SENDER, [parsed(1)], world.dependencies) == 1
    own = get_or_create_session(SENDER, world.dependencies)
    assert own != theirs
    assert process_message(SENDER, [parsed(2)], world.dependencies) == 1
    assert [row["session_id"] for row in world.tables.chats.values()] == [theirs, own]


def test_grouped_records_can_be_handed_on_as_they_are() -> None:
    world = QueueWorld()
    for sender, messages in group_messages_by_sender([numbered(1), numbered(2)]).items():
        assert process_message(sender, messages, world.dependencies) == 2


def test_a_script_hears_what_could_not_be_stored() -> None:
    world = QueueWorld()
    world.fail("conversations")
    with pytest.raises(NotStored, match=r"1 message\(s\) not stored: conversations") as caught:
        process_message(SENDER, [parsed()], world.dependencies)
    assert caught.value.message_ids == [f"SM{1:032d}"]
    with pytest.raises(NotStored, match=r"^the session could not be read or opened: conversations"):
        get_or_create_session(SENDER, world.dependencies)


def test_a_script_hears_at_once_what_will_never_work() -> None:
    denied = refused("AccessDeniedException")
    aws = ScriptedAws(denied, denied)
    with pytest.raises(NotStored, match=r"1 message\(s\) not stored: BatchGetItem:AccessDenied"):
        process_message(SENDER, [parsed()], side_on(aws))
    with pytest.raises(NotStored, match=r"not stored: write:ResourceNotFoundException$"):
        dependencies = side_on(ScriptedAws(refused("ResourceNotFoundException")))
        store_chat_messages("mine", SENDER, [parsed()], dependencies)
    assert len(aws.calls) == 2


def test_without_messages_nothing_is_read_or_opened() -> None:
    world = QueueWorld()
    assert process_message(SENDER, [], world.dependencies) == 0
    assert store_chat_messages("mine", SENDER, [], world.dependencies) == 0
    assert (world.calls, world.tables.sessions) == (0, {})


@pytest.mark.parametrize(
    ("empty", "call"),
    [
        ("sender_id", lambda dependencies: get_or_create_session("", dependencies)),
        ("sender_id", lambda dependencies: process_message("", [], dependencies)),
        ("sender_id", lambda dependencies: process_message("", [parsed()], dependencies)),
        ("sender_id", lambda dependencies: store_chat_messages("mine", "", [], dependencies)),
        (
            "session_id",
            lambda dependencies: store_chat_messages("", SENDER, [parsed()], dependencies),
        ),
    ],
)
def test_a_script_hears_at_once_of_an_empty_id(empty: str, call: Callable[..., object]) -> None:
    world = QueueWorld()
    with pytest.raises(ValueError, match=f"^{empty} is empty$"):
        call(world.dependencies)
    assert world.calls == 0


@pytest.mark.parametrize(
    "call",
    [
        lambda sender, dependencies: get_or_create_session(sender, dependencies),
        lambda sender, dependencies: process_message(sender, [], dependencies),
        lambda sender, dependencies: store_chat_messages("mine", sender, [], dependencies),
    ],
)
@pytest.mark.parametrize(
    "sender",
    ["whatsapp:+4915555550199", "whatsapp:US.A1", "+4915555550199", " 4915555550199", " "],
)
def test_a_script_hears_which_form_a_sender_id_has(
    sender: str, call: Callable[..., object]
) -> None:
    world = QueueWorld()
    with pytest.raises(ValueError, match=r"^sender_id is not as chats have it: .*4915555550199"):
        call(sender, world.dependencies)
    assert world.calls == 0


@pytest.mark.parametrize("sender", ["4915555550199", "US.A1B2C3", "UNCproject", "72345"])
def test_every_form_that_a_chat_s_sender_id_has_is_taken(sender: str) -> None:
    world = QueueWorld()
    session_id = get_or_create_session(sender, world.dependencies)
    assert world.tables.sessions[session_id].sender_id == sender


@pytest.mark.parametrize("number", [4915555550199, b"4915555550199"])
def test_a_sender_id_is_text(number: Any) -> None:
    with pytest.raises(ValueError, match=r"^sender_id is no text$"):
        get_or_create_session(number, QueueWorld().dependencies)


@pytest.mark.parametrize(
    "odd",
    [
        {},
        parse_message_body("nothing"),
        parse_message_body(sample("status_callback")),
        parsed(MessageSid=None),
        parsed() | {"sender": {"id": ""}},
        parsed() | {"sender": None},
        parsed() | {"metadata": []},
        parsed() | {"created_at": "soon"},
        parsed() | {"created_at": None},
        parsed() | {"created_at": Decimal("NaN")},
        parsed() | {"created_at": "1" * 39},
        parsed(WaId="1"),
        [],
        None,
    ],
)
def test_a_script_hears_what_is_no_message_of_this_sender(odd: Any) -> None:
    world = QueueWorld()
    with pytest.raises(ValueError):
        process_message(SENDER, [odd], world.dependencies)
    assert world.tables.chats == {}


MILLISECONDS = 1_795_000_000_123


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        ({"created_at": MILLISECONDS}, "^created_at lies ahead of the clock: .* not milliseconds"),
        ({"created_at": NOW + 2 * 86_400}, "^created_at lies ahead of the clock"),
        ({"message_type": 7}, "needs message_type, channel, .* as text"),
        ({"channel": "", "message_type": "text"}, "needs message_type, channel, .* as text"),
        ({"sender": {"id": 4915555550199}}, "needs message_type, channel, .* as text"),
        ({"metadata": {"message_id": 7}}, "needs message_type, channel, .* as text"),
        ({"content": {"score": float("inf")}}, r"^content\.score cannot be stored: .* number"),
        ({"content": {"n": [{"deep": 10**38 + 1}]}}, r"^content\.n cannot be stored: .* number"),
        ({"content": {"file": b"bytes"}}, r"^content\.file cannot be stored: .* bytes"),
        ({"content": {"tags": {"a", "b"}}}, r"^content\.tags cannot be stored: .* set"),
        ({"content": {"a": {7: "x"}}}, r"^content\.a cannot be stored: a name that is no text"),
        ({"content": {7: "x"}}, r"^content\.7 cannot be stored: a name that is no text"),
        ({"content": {"endless": ENDLESS}}, r"^content\.endless cannot be stored: .* levels"),
    ],
)
def test_a_script_hears_what_no_table_would_take(odd: dict[str, Any], said: str) -> None:
    world = QueueWorld()
    with pytest.raises(ValueError, match=said):
        process_message(SENDER, [parsed() | odd], world.dependencies)
    assert world.calls == 0


def stored_item(message: dict[str, Any]) -> dict[str, Any]:
    """What a message of a script's becomes in `chats`."""
    aws = ScriptedAws()
    assert store_chat_messages("mine", SENDER, [message], side_on(aws)) == 1
    [[stored]] = aws.writes()
    assert faults_of(stored["Put"]["Item"]) == []
    item: dict[str, Any] = stored["Put"]["Item"]
    return item


def test_the_keys_that_every_chat_has_are_filled_in() -> None:
    bare = {"message_type": "text", "channel": "sms", "content": {}}
    bare |= {"sender": {"id": SENDER}, "metadata": {"message_id": "SM1"}}
    item, absent = stored_item(bare), {"NULL": True}
    assert item["content"]["M"] == {
        "text": {"S": ""},
        "media_count": {"N": "0"},
        "segments": absent,
    }
    assert item["sender_info"]["M"] == {"id": {"S": SENDER}, "name": absent, "phone": absent}
    assert item["metadata"]["M"] == {
        "message_id": {"S": "SM1"},
        "account_id": absent,
        "status": absent,
        "channel_data": absent,
    }


def test_what_can_be_stored_another_way_is() -> None:
    given = {
        "text": "a\ud800b\x00",
        "scores": (0.1, 1e-7, 2, True),
        "": "nameless",
        "x": {"\ud800": 1},
    }
    content = stored_item(parsed() | {"content": given})["content"]["M"]
    assert content["text"] == {"S": "a\ufffdb\ufffd"}
    scores = [{"N": "0.1"}, {"N": "1E-7"}, {"N": "2"}, {"BOOL": True}]
    assert content["scores"] == {"L": scores}
    assert content["x"] == {"M": {"\ufffd": {"N": "1"}}}


def test_a_document_as_deep_as_a_body_may_hold_is_taken() -> None:
    deep = "[" * MAX_DOCUMENT_LEVELS + "1" + "]" * MAX_DOCUMENT_LEVELS
    message = parsed(InteractiveData=deep, ChannelMetadata=deep)
    assert stored_item(message)["content"]["M"]["interactive"] != {"NULL": True}


def test_a_message_that_a_script_hands_in_stays_as_it_was() -> None:
    message = parsed() | {"content": {"text": "\ud800", "score": 0.5}}
    before = copy.deepcopy(message)
    stored_item(message)
    assert message == before


@pytest.mark.parametrize("moment", [1_795_000_000, 1_795_000_000.25, "1795000000.25", Decimal(7)])
def test_a_script_may_name_the_place_of_a_message(moment: Any) -> None:
    world = QueueWorld()
    assert process_message(SENDER, [parsed() | {"created_at": moment}], world.dependencies) == 1
