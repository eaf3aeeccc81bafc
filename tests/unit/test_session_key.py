"""The session key: made once for a stack, read once a container; without it no session begins."""

from dataclasses import replace
from decimal import Decimal

import pytest

from consumer.aws.dynamodb import DynamoDb
from consumer.conversation.ports import SessionKeyAnswer
from consumer.conversation.queue_record import read_record
from consumer.conversation.session import ERASED, Session, is_keyed, next_session
from consumer.conversation.session_cache import SessionCache
from consumer.conversation.session_key import SessionKey
from consumer.conversation.session_key_store import KEY_ROW, DynamoSessionKeyStore
from consumer.webhook.address import parse_address
from handlers.queue_message_handler import get_or_create_session, handle_batch
from tests.support.builders import SENDER, numbered, parsed
from tests.support.doubles import NOW, Context, QueueWorld, ScriptedFaults, lines_with
from tests.support.memory.fault_schedule import Fault
from tests.support.memory.index import LaggingIndex
from tests.support.scripted_aws import ScriptedAws, refused, throttled

KEY, OTHER_KEY = "k" * 64, "o" * 64
STRANGER = "4915555550111"
READ, CREATE = "conversations.key", "conversations.new_key"


class KeyWorld(QueueWorld):
    """The queue half, with faults of the calls for the key alone."""

    def __init__(self) -> None:
        self.faults = ScriptedFaults()
        super().__init__(faults=self.faults)

    def start(self) -> None:
        """A fresh container."""
        self.dependencies = replace(self.dependencies, session_key=self.new_session_key())

    def store(self, number: int, sender: str = SENDER) -> list[str]:
        """Hand over the nth message; gives the records that shall come again."""
        record = read_record(numbered(number, WaId=sender, From=f"whatsapp:+{sender}"))
        return handle_batch([record], Context(), self.dependencies)

    def key_calls(self) -> tuple[int, int]:
        """How often the key was read, and how often one was made."""
        calls = self.services.wire.calls
        return calls[READ], calls[CREATE]

    def stored(self) -> set[str]:
        """Whose chats there are."""
        return {key.sender_id for key in self.tables.chats}


def test_the_first_container_makes_the_key_and_all_others_read_it() -> None:
    world = KeyWorld()
    assert world.store(1) == []
    made = world.tables.session_key
    world.start()
    assert world.store(2, STRANGER) == []
    assert (len(made), world.tables.session_key) == (64, made)
    assert world.key_calls() == (2, 1)
    ids = {next_session(s, None, NOW, made.encode()).session_id for s in (SENDER, STRANGER)}
    assert world.session_ids() == ids


def test_a_warm_container_asks_no_more() -> None:
    world = KeyWorld()
    for number in range(5):
        world.store(number, f"49155555501{number:02}")
    assert world.key_calls() == (1, 1)
    assert len(world.session_ids()) == 5


def test_who_has_a_session_needs_no_key() -> None:
    world = KeyWorld()
    world.store(1)
    world.start()
    world.faults.script[READ] = [Fault.THROTTLED] * 100
    assert world.store(2) == []
    assert world.key_calls() == (1, 1)


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.LOST, Fault.SLOW, Fault.BROKEN])
@pytest.mark.parametrize("site", [READ, CREATE])
def test_one_fault_of_the_key_is_repeated_within_the_batch(site: str, fault: Fault) -> None:
    world = KeyWorld()
    world.faults.script[site] = [fault]
    assert world.store(1) == []
    assert world.stored() == {SENDER}
    assert len(world.tables.sessions) == 1


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.LOST, Fault.DENIED])
def test_without_the_key_the_batch_comes_again_and_nothing_is_lost(fault: Fault) -> None:
    """A table that is away, a right that is missing: no id is made in another way."""
    world = KeyWorld()
    world.faults.script[READ] = [fault] * 100
    assert world.store(1) == ["record-1"]
    assert (world.tables.chats, world.tables.sessions) == ({}, {})
    [line] = lines_with(world, "batch had problems")
    assert any(each.startswith("session key:") for each in line["problems"])
    world.faults.script[READ] = []
    assert world.store(1) == []
    assert world.stored() == {SENDER}


def test_a_right_that_is_missing_is_asked_for_once() -> None:
    world = KeyWorld()
    world.faults.script[READ] = [Fault.DENIED] * 100
    world.store(1)
    assert world.key_calls() == (1, 0)


def test_whoever_has_a_session_does_not_wait_for_somebody_else_s_key() -> None:
    world = KeyWorld()
    world.store(1)
    world.start()
    world.faults.script[READ] = [Fault.THROTTLED] * 100
    known = read_record(numbered(2))
    new = read_record(numbered(3, WaId=STRANGER, From=f"whatsapp:+{STRANGER}"))
    assert handle_batch([new, known], Context(), world.dependencies) == ["record-3"]
    assert len(world.tables.chats) == 2


def test_who_makes_a_key_too_late_takes_the_one_that_is_there() -> None:
    world = KeyWorld()
    late = world.new_session_key()
    assert late.learn().is_absent
    world.tables.session_key = KEY
    assert late.learn().key == ""
    assert (late.learn().key, late.value) == (KEY, KEY.encode())


def test_a_key_that_could_be_guessed_is_not_used() -> None:
    world = KeyWorld()
    world.tables.session_key = "k" * 31
    assert world.store(1) == ["record-1"]
    assert world.tables.sessions == {}


def test_without_a_place_for_a_key_ids_are_made_as_before() -> None:
    """A script, or a deployment that names no table for it."""
    world = QueueWorld()
    world.dependencies = replace(world.dependencies, session_key=SessionKey())
    session_id = get_or_create_session(SENDER, world.dependencies)
    assert session_id == next_session(SENDER, None, NOW, b"").session_id
    assert not is_keyed(session_id)


def test_sessions_of_before_stay_valid_and_are_followed() -> None:
    world = KeyWorld()
    old = next_session(SENDER, None, NOW - 99, b"")
    world.tables.put_session(old, NOW - 99)
    assert world.store(1) == []
    assert world.session_ids() == {old.session_id}
    world.tables.put_session(replace(old, status="completed"), NOW)
    assert world.store(2) == []
    [new] = world.session_ids() - {old.session_id}
    key = world.tables.session_key.encode()
    assert new == next_session(SENDER, old, NOW, key).session_id


def test_beside_a_version_without_the_key_each_message_is_stored_once() -> None:
    """For the minutes of an update a sender may get two sessions; the newest counts."""
    world = KeyWorld()
    new, old = world.dependencies, replace(world.dependencies, session_key=SessionKey())
    world.dependencies = old
    assert world.store(1) == []
    world.tables.index = LaggingIndex()  # it shows nothing of that yet
    world.dependencies = replace(new, cache=SessionCache())
    assert world.store(1) == []
    assert len(world.session_ids()) == 1
    assert world.store(2) == []
    assert len(world.session_ids()) == 2
    for each in list(world.tables.sessions.values()):
        world.tables.put_session(each, world.services.now())
    newest = world.tables.index.newest(SENDER, world.services.now())
    world.dependencies = replace(new, cache=SessionCache())
    assert world.store(3) == []
    chats = {key.message_id[-1]: row["session_id"] for key, row in world.tables.chats.items()}
    assert newest is not None
    assert (sorted(chats), chats["3"]) == (["1", "2", "3"], newest.session_id)


# After an erasure


def erase(world: QueueWorld, left: str = "left") -> set[str]:
    """As `unc forget` does; gives the sessions that there were."""
    gone = {each.session_id for each in world.tables.sessions_of(SENDER)}
    for each in gone:
        erased = Session(each, "", ERASED, Decimal(0), erased=f"{left} {each}")
        world.tables.sessions[each] = erased
    world.tables.index = LaggingIndex()
    world.tables.chats.clear()
    return gone


def test_a_person_who_was_erased_never_gets_an_id_again() -> None:
    world = KeyWorld()
    seen: set[str] = set()
    for life in range(3):
        for chapter in range(3):
            number = 10 * life + chapter
            assert world.store(number) == []
            [session_id] = {
                each.session_id for each in world.tables.sessions_of(SENDER) if each.is_active
            }
            assert session_id not in seen
            seen.add(session_id)
            active = world.tables.sessions[session_id]
            world.tables.put_session(replace(active, status="completed"), world.services.now())
        erase(world, f"life {life}")
    assert len(seen) == 9


def test_after_an_erasure_two_writers_open_one_session() -> None:
    """The second one's index does not show what the first one has opened."""
    world = KeyWorld()
    world.store(1)
    erase(world)
    assert world.store(2) == []
    world.tables.index = LaggingIndex()
    world.start()
    assert world.store(3) == []
    assert len(world.session_ids()) == 1
    assert len(world.tables.sessions_of(SENDER)) == 1


def test_a_container_that_remembers_an_erased_session_opens_a_new_one() -> None:
    world = KeyWorld()
    world.store(1)
    gone = erase(world)
    assert world.store(2) == []
    assert not world.session_ids() & gone


# On AWS


def key_store(*script: object) -> tuple[ScriptedAws, DynamoSessionKeyStore]:
    aws = ScriptedAws(*script)  # type: ignore[arg-type]
    return aws, DynamoSessionKeyStore(DynamoDb(aws), "told")


def found(**attributes: str) -> dict[str, object]:
    item = {name: {"S": value} for name, value in attributes.items()}
    return {"Responses": {"told": [{"sender_id": {"S": KEY_ROW}} | item]}}


def test_the_key_lies_in_one_row_that_is_read_consistently() -> None:
    aws, store = key_store(found(session_key=KEY))
    assert store.read() == SessionKeyAnswer(KEY)
    [request] = aws.requests("BatchGetItem")
    wanted = {"ConsistentRead": True, "Keys": [{"sender_id": {"S": KEY_ROW}}]}
    assert request == {"RequestItems": {"told": wanted}}


def test_it_is_created_on_condition_that_there_is_none() -> None:
    aws, store = key_store({"Responses": {}}, {})
    assert store.read() == SessionKeyAnswer(is_absent=True)
    assert store.create(KEY) == SessionKeyAnswer(KEY)
    [request] = aws.requests("PutItem")
    assert request == {
        "TableName": "told",
        "Item": {"sender_id": {"S": KEY_ROW}, "session_key": {"S": KEY}},
        "ConditionExpression": "attribute_not_exists(sender_id)",
    }


@pytest.mark.parametrize(
    ("answer", "problem", "is_rejected"),
    [
        (throttled(), "session key:BatchGetItem:ThrottlingException", False),
        (
            {"UnprocessedKeys": {"told": {"Keys": [{"sender_id": {"S": KEY_ROW}}]}}},
            "session key:BatchGetItem:UnprocessedKeys",
            False,
        ),
        (
            refused("AccessDeniedException"),
            "session key:BatchGetItem:AccessDeniedException",
            True,
        ),
        (found(other="x"), "session key:no text", True),
    ],
)
def test_what_keeps_it_from_being_read_is_said(
    answer: object, problem: str, is_rejected: bool
) -> None:
    _, store = key_store(answer)
    assert store.read() == SessionKeyAnswer(problem=problem, is_rejected=is_rejected)


@pytest.mark.parametrize(
    ("answer", "problem", "is_rejected"),
    [
        (throttled(), "session key:ThrottlingException", False),
        (refused("AccessDeniedException"), "session key:AccessDeniedException", True),
        (
            refused("ConditionalCheckFailedException"),
            "session key:ConditionalCheckFailed",
            False,
        ),
    ],
)
def test_what_keeps_it_from_being_made_is_said(
    answer: Exception, problem: str, is_rejected: bool
) -> None:
    _, store = key_store(answer)
    assert store.create(KEY) == SessionKeyAnswer(problem=problem, is_rejected=is_rejected)


@pytest.mark.parametrize("prefix", ["", "+", "++", "whatsapp:", "whatsapp:+", "whatsapp:++", "x:"])
def test_no_sender_has_the_id_of_the_key_s_row(prefix: str) -> None:
    """Else a forged webhook could have the notifier write over the key."""
    address = f"{prefix}{KEY_ROW}"
    assert parse_address(address).id != KEY_ROW
    for fields in ({"From": address, "WaId": None}, {"WaId": address}):
        assert parsed(**fields).sender_id != KEY_ROW
