"""From a body on the queue to an answer, on the emulator."""

import json
import time
from pathlib import Path

import pytest

from tests.e2e.events import queue_event
from tests.e2e.world import World, eventually, new_sender, write
from unc.messages.message import read_message

pytestmark = pytest.mark.emulator

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.mark.parametrize("grouping", ["one group for all", "one group per sender"])
def test_each_sender_s_messages_keep_their_order(world: World, grouping: str) -> None:
    """Thirty messages of three senders, interleaved, read back through SessionIndex."""
    senders = [new_sender() for _ in range(3)]
    messages = [write(senders[n % 3], f"message {n}") for n in range(30)]
    for message in messages:
        world.send(
            message.body,
            "webhook_group" if grouping == "one group for all" else message.sender_id,
        )
    world.await_notified(*messages)
    for sender in {message.sender_id for message in messages}:
        sent = [message.label for message in messages if message.sender_id == sender]
        [session] = world.sessions(sender)
        assert world.conversation(session["session_id"]) == sent


def test_samples_become_eight_chats_and_one_ignored_callback(world: World) -> None:
    """Every sample goes through the queue; the status callback leaves no trace."""
    samples = [read_message(path.read_text(), path.stem) for path in SAMPLES.glob("*.txt")]
    assert len(samples) == 9
    world.send_all(samples)
    chats = [sample for sample in samples if not sample.is_callback]
    world.await_notified(*chats)
    world.await_quiet()
    assert len(chats) == 8
    for sample in chats:
        assert len(world.inbound(sample.sender_id)) == 1
        assert len(world.reply.accepted(sample.sender_id)) == 1
    [callback] = [sample for sample in samples if sample.is_callback]
    assert world.tables.read_chats([("14155238886", callback.message_id)]) == []


def test_a_poisoned_body_goes_aside_and_its_neighbours_are_stored(world: World) -> None:
    """The dead-letter queue has it at once, with the reason; nobody else is dragged along."""
    before, after = (write(new_sender(), text) for text in ("before", "after"))
    world.take_dead_letters(world.resources.dead_letter_queue)
    for body in (before.body, "this is no form", after.body):
        world.send(body)
    world.await_notified(before, after)
    eventually(
        lambda: not world.is_empty(world.resources.dead_letter_queue), "the poison is dead-lettered"
    )
    [dead] = world.take_dead_letters(world.resources.dead_letter_queue)
    assert dead["Body"] == "this is no form"
    assert dead["MessageAttributes"]["Reason"]["StringValue"].startswith("no sender")
    assert dead["MessageAttributes"]["ReceiveCount"]["StringValue"] == "1"


def test_a_batch_delivered_again_changes_and_tells_nothing(world: World) -> None:
    """The function is handed the very same event three times."""
    sender = new_sender()
    messages = [write(sender, f"again {n}") for n in range(5)]
    event = queue_event(messages)
    assert _invoke(world, event) == {"batchItemFailures": []}
    world.await_notified(*messages)
    stored, accepted = world.inbound(messages[0].sender_id), world.reply.accepted()
    for _ in range(2):
        assert _invoke(world, event) == {"batchItemFailures": []}
    follower = write(new_sender(), "a later message shows that the stream has moved on")
    world.send(follower.body)
    world.await_notified(follower)
    assert world.inbound(messages[0].sender_id) == stored
    assert len(world.reply.accepted(messages[0].sender_id)) == len(
        [one for one in accepted if one.sender_id == messages[0].sender_id]
    )


def test_a_webhook_sent_twice_is_one_message_notified_once(world: World) -> None:
    """The same MessageSid comes as a second SQS message after the first was answered."""
    message = write(new_sender(), "once")
    world.send(message.body)
    world.await_notified(message)
    [stored] = world.inbound(message.sender_id)
    world.send(message.body)
    follower = write(new_sender(), "behind it in the same group")
    world.send(follower.body)
    world.await_notified(follower)
    assert world.inbound(message.sender_id) == [stored]
    assert len(world.reply.accepted(message.sender_id)) == 1


@pytest.mark.parametrize("trouble", [503, 500, 429])
def test_a_reply_service_that_comes_back_hears_of_everybody_once(
    world: World, trouble: int
) -> None:
    """While it is down, retries wait in their queue; afterwards each sender is answered."""
    messages = [write(new_sender(), "anybody there?") for _ in range(4)]
    world.reply.fail_with = trouble
    try:
        world.send_all(messages)
        senders = {message.sender_id for message in messages}
        eventually(
            lambda: senders <= {each.sender_id for each in world.reply.posts},
            "every POST was tried and failed",
        )
        assert not any(world.reply.accepted(sender) for sender in senders)
    finally:
        world.reply.fail_with = None
    world.await_notified(*messages)
    world.await_quiet()
    for sender in senders:
        assert len(world.reply.accepted(sender)) == 1
        assert len(world.outbound(sender)) == 1


def test_a_limited_user_is_stored_but_not_notified(world: World) -> None:
    """Until the limit is over the reply service hears nothing of that session."""
    sender = new_sender()
    first = write(sender, "before the limit")
    world.send(first.body)
    world.await_notified(first)
    [session] = world.sessions(first.sender_id)
    world.stack.aws.dynamodb.update_item(
        TableName=world.resources.session_table,
        Key={"session_id": {"S": session["session_id"]}},
        UpdateExpression="SET user_limited_until = :until",
        ExpressionAttributeValues={":until": {"S": "2999-01-01T00:00:00"}},
    )
    second, follower = write(sender, "while limited"), write(new_sender(), "somebody else")
    world.send_all([second, follower])
    world.await_notified(follower)
    world.await_quiet()
    assert world.texts(first.sender_id) == ["before the limit", "while limited"]
    assert len(world.reply.accepted(first.sender_id)) == 1


def test_a_completed_session_is_followed_by_a_new_one(world: World) -> None:
    """Also within the second: the new session is the newest, as the reply service needs it."""
    sender = new_sender()
    first, second = write(sender, "first talk"), write(sender, "second talk")
    world.send(first.body)
    world.await_notified(first)
    [session] = world.sessions(first.sender_id)
    world.reply.writer.complete_session(session["session_id"])
    world.send(second.body)
    world.await_notified(second)
    old, new = world.sessions(first.sender_id)
    assert old["session_id"] == session["session_id"]
    assert old["status"] == "completed"
    assert new["status"] == "active"
    assert new["created_at"] > old["created_at"]
    assert world.conversation(old["session_id"]) == ["first talk"]
    assert world.conversation(new["session_id"]) == ["second talk"]
    assert world.reply.writer.find_session(first.sender_id) == new["session_id"]


def test_a_session_that_the_reply_service_opened_is_used(world: World) -> None:
    """Its id is of another making, and it is taken all the same."""
    message = write(new_sender(), "into their session")
    session_id = world.reply.writer.open_session(message.sender_id)
    world.send(message.body)
    world.await_notified(message)
    assert [each["session_id"] for each in world.sessions(message.sender_id)] == [session_id]
    assert world.conversation(session_id) == ["into their session"]


def test_logs_name_nobody_and_quote_nobody(world: World) -> None:
    """After a message with a secret in its text, no log line holds text, number or secret."""
    message = write(new_sender(), "my code is 4711-hidden-words")
    since = time.time()
    world.send(message.body)
    world.await_notified(message)
    for event in ("message stored", "message notified"):
        eventually(
            lambda event=event: any(
                event in line and message.message_id in line for line in _log(world, since)
            ),
            f"the log has its {event}",
        )
    lines = _log(world, since)
    for private in ("4711-hidden-words", message.sender_id, world.stack.secret):
        assert not any(private in line for line in lines)


def _log(world: World, since: float) -> list[str]:
    """Every line that either function has written since; no more than ten thousand are given."""
    logs = world.stack.aws.logs
    names = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    start = int(1000 * since)
    pages = [logs.filter_log_events(logGroupName=name, startTime=start) for name in names]
    return [event["message"] for page in pages for event in page["events"]]


def _invoke(world: World, event: dict[str, object]) -> object:
    answer = world.stack.aws.functions.invoke(
        FunctionName=world.resources.queue_function, Payload=json.dumps(event).encode()
    )
    return json.loads(answer["Payload"].read())
