"""Dead letters on the emulator: the commands as an operator types them, and what comes of them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.cli.dlq_fakes import Died, Mortal
from tests.e2e.command_line import Unc
from tests.e2e.dead_letters import lay_down
from tests.e2e.world import World, eventually, new_sender, write
from unc.dlq.queue_client import SqsBatchSender, SqsQueueClient
from unc.dlq.queues import choose_queues
from unc.dlq.redrive import PresentAtStart, redrive_all, server_ms
from unc.dlq.routes import MessageRoute
from unc.dlq.visibility_lock import VisibilityLock
from unc.messages.message import Message

pytestmark = [pytest.mark.emulator, pytest.mark.usefixtures("empty_queues")]


def ids(unc: Unc, queue: str) -> list[str]:
    """The ids of a queue's dead letters."""
    [listing] = json.loads(unc("dlq", "list", "--queue", queue, "--json")[1])
    return [dead_letter["id"] for dead_letter in listing["dead_letters"]]


def test_a_redriven_message_takes_its_place_between_earlier_and_later_ones(
    world: World, unc: Unc
) -> None:
    """An outage has sent it aside; afterwards the conversation reads as if it had not."""
    sender = new_sender()
    before, lost, after = (write(sender, text) for text in ("before", "lost", "after"))
    world.send(before.body)
    world.await_notified(before)
    [stored] = world.inbound(before.sender_id)
    lay_down(world, lost, sent_ms=int(stored["created_at"] * 1000) + 1)
    world.send(after.body)
    world.await_notified(after)
    assert world.texts(before.sender_id) == ["before", "after"]
    assert unc("dlq", "redrive", "--all", "--queue", "messages")[:2] == (
        0,
        "messages: 1 redriven\n",
    )
    world.await_notified(lost)
    assert world.texts(before.sender_id) == ["before", "lost", "after"]
    assert [each.message for each in world.reply.accepted(before.sender_id)][-1] == "lost"


def test_a_whole_group_comes_back_in_order(world: World, unc: Unc) -> None:
    """Dead letters that SQS moved by itself: their envelopes' places are all there is."""
    senders = [new_sender(), new_sender()]
    messages = [write(senders[n % 2], f"message {n}") for n in range(24)]
    for message in messages:
        lay_down(world, message)
    code, out, _ = unc("dlq", "redrive", "--all")
    assert (code, out.splitlines()[0]) == (0, "messages: 24 redriven")
    world.await_notified(*messages)
    for sender in {message.sender_id for message in messages}:
        labels = [message.label for message in messages if message.sender_id == sender]
        assert world.texts(sender) == labels


@pytest.mark.parametrize("at", [1, 2, 3], ids=["received", "sent", "deleted"])
def test_a_run_that_died_is_run_again_and_each_message_is_stored_once(
    world: World, at: int
) -> None:
    """Death right after a call, nothing released; the dead letters show again a second later."""
    sender = new_sender()
    messages = [write(sender, f"message {n}") for n in range(3)]
    for message in messages:
        lay_down(world, message)
    [queue] = choose_queues(world.resources, "messages")
    client = SqsQueueClient(world.stack.aws, queue, hidden_seconds=1)
    batch_sender = SqsBatchSender(world.stack.aws, queue.back_to)
    with pytest.raises(Died):
        _redrive(world, Mortal(client, batch_sender, at, after=True))
    moved: list[int] = []

    def are_moved() -> bool:
        moved.append(_redrive(world, Mortal(client, batch_sender, 99, False)))
        return sum(moved) == 3

    if at < 3:
        eventually(are_moved, "they show again")
    world.await_notified(*messages)
    assert world.is_empty(queue.url)
    world.await_taken()
    assert world.texts(messages[0].sender_id) == [message.label for message in messages]


def test_dead_letters_that_a_dead_run_has_hidden_are_counted(world: World, unc: Unc) -> None:
    """Out of sight they are not forgotten, and the run does not claim to be done."""
    lay_down(world, write(new_sender(), "in another's hand"))
    [queue] = choose_queues(world.resources, "messages")
    [locked] = SqsQueueClient(world.stack.aws, queue, hidden_seconds=3600).receive()
    code, out, _ = unc("dlq", "redrive", "--all", "--queue", "messages")
    assert code == 7
    assert "about 1 could not be had" in out
    assert "1 out of sight" in unc("dlq", "list", "--queue", "messages")[1]
    SqsQueueClient(world.stack.aws, queue).release([locked])
    assert ids(unc, "messages") == [locked.id]


def _redrive(world: World, ports: Mortal) -> int:
    present = PresentAtStart(server_ms(world.stack.aws, world.resources.queue))
    with VisibilityLock(ports) as lock:
        return redrive_all(lock, MessageRoute(ports), present, lambda count: None).moved


def test_one_dead_letter_of_a_group_is_redriven_and_the_others_stay(world: World, unc: Unc) -> None:
    """By the beginning of its id; --dry-run before shows it and moves nothing."""
    messages = [write(new_sender(), f"message {n}") for n in range(3)]
    for message in messages:
        lay_down(world, message)
    first, middle, last = ids(unc, "messages")
    code, out, _ = unc("dlq", "redrive", "--id", middle[:8], "--queue", "messages", "--dry-run")
    assert code == 0
    assert "1 would be redriven" in out
    assert ids(unc, "messages") == [first, middle, last]
    assert unc("dlq", "redrive", "--id", middle)[:2] == (0, "messages: 1 redriven\n")
    world.await_stored(messages[1])
    assert ids(unc, "messages") == [first, last]
    code, _, err = unc("dlq", "redrive", "--id", middle)
    assert code == 2
    assert "no dead letter to be seen" in err


def test_what_is_still_malformed_comes_back_once_and_can_be_removed(world: World, unc: Unc) -> None:
    """A run does not chase it round and round; a purge says what it would do and wants --yes."""
    world.send("this is no form")
    eventually(lambda: len(ids(unc, "messages")) == 1, "the poison is dead-lettered")
    before = ids(unc, "messages")
    assert unc("dlq", "redrive", "--all", "--queue", "messages")[1].startswith("messages: 1 ")
    eventually(lambda: len(ids(unc, "messages")) == 1, "it comes back")
    [id] = ids(unc, "messages")
    assert [id] != before
    code, out, err = unc("dlq", "purge", "--queue", "messages")
    assert (code, out) == (2, "")
    assert "this would delete all dead letters: about 1 of messages (say --yes" in err
    assert ids(unc, "messages") == [id]
    assert unc("dlq", "purge", "--id", id, "--yes")[:2] == (0, "1 deleted\n")
    assert ids(unc, "messages") == []


def test_all_of_a_queue_is_purged_and_others_stay(world: World, unc: Unc) -> None:
    lay_down(world, write(new_sender(), "to be kept"))
    world.stack.aws.sqs.send_message(
        QueueUrl=world.resources.reply_dead_letter_queue, MessageBody="{}"
    )
    code, out, _ = unc("dlq", "purge", "--yes", "--queue", "replies", "--json")
    assert (code, json.loads(out)) == (0, {"purged": ["replies"]})
    assert ids(unc, "replies") == []
    assert len(ids(unc, "messages")) == 1


def test_a_letter_shows_its_reason_and_hides_its_body(world: World, unc: Unc) -> None:
    """Text and number on demand only, for people and for programs."""
    message = write(new_sender(), "my code is 4711-hidden-words")
    lay_down(world, message, sent_ms=1_795_000_000_000)
    [id] = ids(unc, "messages")
    for arguments in (["list"], ["list", "--json"], ["show", id], ["show", id[:8], "--json"]):
        code, out, _ = unc("dlq", *arguments)
        assert code == 0
        assert "dynamodb:Throttling" in out
        assert f"…{message.sender_id[-4:]}" in out
        assert message.sender_id not in out
        assert "4711-hidden-words" not in out
    assert "4711-hidden-words" in unc("dlq", "show", id, "--body")[1]
    assert json.loads(unc("dlq", "show", id, "--body", "--json")[1])["body"] == message.body


def await_all_notified(world: World) -> None:
    """Until no POST of another test is under way: the stream has moved on, and no retry waits."""
    follower = write(new_sender(), "the last of them")
    world.send(follower.body)
    world.await_notified(follower)
    world.await_quiet()


def test_a_dead_lettered_notification_is_sent_after_a_redrive(world: World, unc: Unc) -> None:
    """The service refuses it; once that is put right the dead letter goes back as it is."""
    message = write(new_sender(), "do you hear me?")
    await_all_notified(world)
    world.reply.fail_with = 400
    try:
        world.send(message.body)
        eventually(lambda: len(ids(unc, "replies")) == 1, "the notification is dead-lettered")
    finally:
        world.reply.fail_with = None
    out = unc("dlq", "redrive", "--all", "--queue", "replies", "--dry-run")[1]
    assert "the reply service rejected it: Http" in out
    assert "attempt 1 at notifying" in out
    assert "replies: 1 redriven" in unc("dlq", "redrive", "--all")[1]
    world.await_notified(message)
    assert len(world.reply.accepted(message.sender_id)) == 1
    assert ids(unc, "replies") == []


def test_a_stream_position_is_read_again_and_notifies_only_of_what_was_missed(
    world: World, unc: Unc
) -> None:
    """Redriven twice: first everybody was notified already, then one row is missing."""
    notified, unnotified = write(new_sender(), "notified"), write(new_sender(), "unnotified")
    world.send_all([notified, unnotified])
    world.await_notified(notified, unnotified)
    _note_failure(world, notified, unnotified)
    stream = ("--queue", "stream")
    assert "notifications of 2 sender(s)" in unc("dlq", "redrive", "--all", "--dry-run", *stream)[1]
    assert "stream: 1 redriven" in unc("dlq", "redrive", "--all", *stream)[1]
    world.await_quiet()
    world.stack.aws.dynamodb.delete_item(
        TableName=world.resources.notification_table,
        Key={"sender_id": {"S": unnotified.sender_id}},
    )
    _note_failure(world, notified, unnotified)
    assert "stream: 1 redriven" in unc("dlq", "redrive", "--all", *stream)[1]
    world.await_notified(unnotified)
    world.await_quiet()
    assert len(world.reply.accepted(notified.sender_id)) == 1
    assert len(world.reply.accepted(unnotified.sender_id)) == 2


def test_a_forgotten_stream_position_stays_and_names_the_chats(world: World, unc: Unc) -> None:
    """Its records are older than the stream; the unnotified of those minutes are looked up."""
    message = write(new_sender(), "nobody heard")
    world.send(message.body)
    world.await_notified(message)
    world.stack.aws.dynamodb.delete_item(
        TableName=world.resources.notification_table,
        Key={"sender_id": {"S": message.sender_id}},
    )
    _note_failure(world, message, numbers=["9" * 21, "9" * 22])
    code, out, _ = unc("dlq", "redrive", "--all", "--queue", "stream")
    assert code == 7
    assert "stays: the stream dropped its records" in out
    [id] = ids(unc, "stream")
    assert f"unc replay …{message.sender_id[-4:]}" in unc("dlq", "show", id, "--queue", "stream")[1]
    assert (
        f"unc replay {message.sender_id}"
        in unc("dlq", "show", id, "--queue", "stream", "--body")[1]
    )


def _note_failure(world: World, *messages: Message, numbers: list[str] | None = None) -> None:
    """What Lambda notes when it drops the batch that holds these messages."""
    shard, records = _read_stream(world)
    keys = {message.message_id for message in messages}
    batch = [one for one in records if one["Keys"]["message_id"]["S"] in keys]
    numbers = numbers or [one["SequenceNumber"] for one in batch]
    arrived = [chat["stored_at"] for each in messages for chat in world.inbound(each.sender_id)]
    info = {
        "shardId": shard,
        "startSequenceNumber": min(numbers),
        "endSequenceNumber": max(numbers),
        "approximateArrivalOfFirstRecord": _iso(min(arrived)),
        "approximateArrivalOfLastRecord": _iso(max(arrived)),
        "batchSize": len(batch),
        "streamArn": world.resources.chat_stream,
    }
    context = {"condition": "RetryAttemptsExhausted", "approximateInvokeCount": 31}
    world.stack.aws.sqs.send_message(
        QueueUrl=world.resources.stream_failure_queue,
        MessageBody=json.dumps({"requestContext": context, "DDBStreamBatchInfo": info}),
    )


def _read_stream(world: World) -> tuple[str, list[Any]]:
    """Every record of the stream's one shard."""
    streams, arn = world.stack.aws.streams, world.resources.chat_stream
    [shard] = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    iterator = streams.get_shard_iterator(
        StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    records: list[Any] = []
    while page := streams.get_records(ShardIterator=iterator):
        records += [record["dynamodb"] for record in page["Records"]]
        iterator = page.get("NextShardIterator", "")
        if not page["Records"] or not iterator:
            break
    return shard["ShardId"], records


def _iso(seconds: Any) -> str:
    return datetime.fromtimestamp(float(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_replay_tells_once_more_and_says_what_that_means(world: World, unc: Unc) -> None:
    """Only on purpose: a second POST about a message that was answered."""
    message = write(new_sender(), "tell them again")
    world.send(message.body)
    world.await_notified(message)
    [session] = world.sessions(message.sender_id)
    assert len(world.reply.accepted(message.sender_id)) == 1
    code, out, _ = unc("replay", f"whatsapp:+{message.sender_id}")
    assert code == 0
    assert "second answer" in out
    assert "limited" not in out
    eventually(lambda: len(world.reply.accepted(message.sender_id)) == 2, "notified once more")
    assert unc("replay", message.message_id)[0] == 0
    eventually(lambda: len(world.reply.accepted(message.sender_id)) == 3, "and once more by its id")
    follower = write(f"whatsapp:+{message.sender_id}", "and a new message is notified, too")
    world.send(follower.body)
    world.await_notified(follower)
    assert len(world.reply.accepted(message.sender_id)) == 4
    assert [each["session_id"] for each in world.sessions(message.sender_id)] == [
        session["session_id"]
    ]


def test_replay_refuses_who_never_wrote(unc: Unc) -> None:
    code, out, err = unc("replay", "4900000000000")
    assert (code, out) == (2, "")
    assert "no inbound message of 4900000000000 is stored" in err.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["redrive"], "either --all or --id"),
        (["redrive", "--all", "--id", "x"], "either --all or --id"),
        (["list", "--queue", "nonsense"], "no dead-letter queue nonsense"),
        (["show", "nonsense"], "no dead letter to be seen begins with nonsense"),
        (["purge", "--id", "nonsense", "--yes"], "no dead letter to be seen"),
    ],
)
def test_bad_input_gives_one_clear_line(unc: Unc, arguments: list[str], said: str) -> None:
    code, _, err = unc("dlq", *arguments)
    assert code == 2
    assert said in err.splitlines()[-1]
