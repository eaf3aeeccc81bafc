"""A person's rights on the emulator: everything is exported, and nothing is left after erasing."""

import json
import uuid
from typing import Any

import pytest
from cfnlint.api import lint_file  # type: ignore[import-untyped]

from consumer.conversation.session import is_keyed
from consumer.notification.notification import Notification
from consumer.notification.retry_record import retry_body
from tests.e2e.command_line import Unc
from tests.e2e.dead_letters import lay_down
from tests.e2e.world import World, eventually, new_sender, write
from tests.template.stack import TEMPLATE_PATH, Stack, template
from unc.aws.session import Aws, local_aws
from unc.aws.tables import Tables
from unc.messages.message import Message
from unc.person.erasure import erase, plan_erasure
from unc.person.export import export_person
from unc.person.identity import find_other_ids

pytestmark = [pytest.mark.emulator, pytest.mark.usefixtures("empty_queues")]

MALFORMED = "EventType=onMessageAdded&Author=whatsapp%3A%2B{}&Body=hi"
MEDIA = {"NumMedia": "1", "MediaUrl0": "https://x.example/1", "MediaContentType0": "image/png"}
ERASURE_PATH = TEMPLATE_PATH.with_name("erasure.yaml")


def lay_retry(world: World, queue: str, sender_id: str, delay_seconds: int = 0) -> None:
    body = retry_body(Notification(sender_id, "SM-waiting", "a-session", 1, attempt=2))  # type: ignore[arg-type]
    world.stack.aws.sqs.send_message(QueueUrl=queue, MessageBody=body, DelaySeconds=delay_seconds)


def lay_malformed(world: World, body: str) -> None:
    """A body that no message could be read from, in a message group of its own."""
    world.stack.aws.sqs.send_message(
        QueueUrl=world.resources.dead_letter_queue,
        MessageBody=body,
        MessageGroupId=uuid.uuid4().hex,
        MessageDeduplicationId=uuid.uuid4().hex,
    )


def converse(world: World, sender: str) -> Message:
    """A conversation with a reply, and a dead letter of every kind beside it."""
    first, media, lost = write(sender, "hi"), write(sender, "", **MEDIA), write(sender, "lost")
    for message in (first, media):
        world.send(message.body)
        world.await_notified(message)
    eventually(lambda: bool(world.outbound(first.sender_id)), "a reply is written")
    lay_down(world, lost, sent_ms=1, group=uuid.uuid4().hex)
    lay_malformed(world, MALFORMED.format(first.sender_id))
    lay_retry(world, world.resources.reply_dead_letter_queue, first.sender_id)
    return first


def everything(world: World) -> str:
    """All rows of all tables, and all bodies of the queues that hold any for long."""
    aws, resources = world.stack.aws, world.resources
    world.await_quiet()
    found: list[Any] = []
    for table in resources.tables():
        found += aws.dynamodb.scan(TableName=table, ConsistentRead=True)["Items"]
    for queue in (resources.dead_letter_queue, resources.reply_dead_letter_queue):
        found += world.take_dead_letters(queue)
    return json.dumps(found)


def test_a_plan_names_what_there_is_and_changes_nothing(world: World, unc: Unc) -> None:
    person = converse(world, new_sender())
    code, out, _ = unc("forget", f"whatsapp:+{person.sender_id}", "--json")
    plan = json.loads(out)
    assert (code, plan["erased"]) == (0, False)
    assert (plan["chats"] >= 3, plan["sessions"], plan["notifications"]) == (True, 1, 1)
    assert plan["queues"] == {"messages": 2, "replies": 1}
    assert len(plan["beyond_reach"]) >= 5
    assert unc("forget", person.sender_id, "--json")[1] == out


def test_nothing_of_a_person_is_left_and_all_of_another(world: World, unc: Unc) -> None:
    person, other = converse(world, new_sender()), converse(world, new_sender())
    retries = world.resources.reply_retry_queue
    lay_retry(world, retries, person.sender_id, delay_seconds=900)
    code, out, _ = unc("forget", person.sender_id, "--yes")
    assert (code, "messages of reply retries could not be looked at" in out) == (7, True)
    world.stack.aws.sqs.purge_queue(QueueUrl=retries)
    lay_retry(world, retries, person.sender_id, delay_seconds=2)
    eventually(lambda: unc("forget", person.sender_id, "--yes")[0] == 0, "a later run is whole")
    assert len(world.outbound(other.sender_id)) >= 1
    left = everything(world)
    assert person.sender_id not in left
    assert left.count(other.sender_id) > 5


def test_whoever_comes_back_gets_another_session(world: World, unc: Unc) -> None:
    """Of the one before its id is left, and a text that says nothing, so that it stays taken."""
    person = converse(world, new_sender())
    before = session_ids(world, person.sender_id)
    eventually(lambda: unc("forget", person.sender_id, "--yes")[0] == 0, "all is erased")
    again = write(person.sender_id, "hi again")
    world.send(again.body)
    world.await_notified(again)
    after = session_ids(world, person.sender_id)
    assert len(before) == len(after) == 1
    assert not before & after
    assert all(is_keyed(each) for each in before | after)
    [left] = world.tables.read_sessions(before).values()
    assert left.keys() == {"session_id", "status", "erased"}
    assert (left["status"], len(left["erased"])) == ("erased", 32)


def session_ids(world: World, sender_id: str) -> set[str]:
    return {chat["session_id"] for chat in world.tables.read_conversation(sender_id)}


def test_a_dead_letter_of_somebody_else_is_named_and_stays(world: World, unc: Unc) -> None:
    person = converse(world, new_sender())
    group = write(new_sender(), "hi", OtherRecipients0=f"whatsapp:+{person.sender_id}")
    lay_down(world, group, sent_ms=1, group="another")
    code, out, _ = unc("forget", person.sender_id, "--yes", "--json")
    document = json.loads(out)
    [id] = document["named_by_others"]
    assert (code, document["queues"]["messages"]) == (0, 2)
    assert json.loads(unc("dlq", "show", id, "--json", "--body")[1])["body"] == group.body


def test_an_export_holds_all_of_it_a_document_a_line(world: World, unc: Unc) -> None:
    person = converse(world, new_sender())
    code, out, _ = unc("export", person.sender_id)
    documents = [json.loads(line) for line in out.splitlines()]
    kinds = [document["kind"] for document in documents]
    assert code == 0
    assert {kind: kinds.count(kind) for kind in ("session", "notification", "dead letter")} == {
        "session": 1,
        "notification": 1,
        "dead letter": 3,
    }
    chats = [document for document in documents if document["kind"] == "chat"]
    assert {chat["chat_type"] for chat in chats} == {"inbound", "outbound"}
    assert [{"url": "https://x.example/1", "content_type": "image/png"}] in [
        chat["content"].get("media_items") for chat in chats
    ]
    assert unc("export", "4900000009")[:2] == (2, "")


def test_other_ids_of_a_person_are_found_from_either(world: World) -> None:
    """A number, and the id that stood beside it, under which the person writes without it."""
    hidden = f"ID.{uuid.uuid4().hex}"
    shown = write(new_sender(), "hi", ExternalUserId=f"whatsapp:{hidden}")
    concealed = write(f"whatsapp:{hidden}", "hi again", ExternalUserId=f"whatsapp:{hidden}")
    stranger = write(new_sender(), "hi")
    world.send_all([shown, concealed, stranger])
    world.await_stored(shown, concealed, stranger)
    assert concealed.sender_id == hidden
    assert find_other_ids(world.tables, [shown.sender_id]) == {
        hidden: "the same business-scoped id"
    }
    assert set(find_other_ids(world.tables, [hidden])) == {shown.sender_id}
    assert find_other_ids(world.tables, [stranger.sender_id]) == {}
    assert plan_erasure(world.tables, [hidden]).other_ids.keys() == {shown.sender_id}


class Died(Exception):
    """The tool ended in the middle."""


@pytest.mark.parametrize("calls", range(5))
def test_interrupted_anywhere_and_run_again_it_finishes(calls: int, world: World) -> None:
    person = converse(world, new_sender())
    own, left = fresh(world), [calls]

    def die(**_: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Died

    for deletion in ("sqs.DeleteMessageBatch", "dynamodb.BatchWriteItem"):
        client = own.sqs if deletion.startswith("sqs") else own.dynamodb
        client.meta.events.register(f"before-call.{deletion}", die)
    tables = Tables(own, world.resources)
    with pytest.raises(Died):
        erase(tables, [person.sender_id], lambda line: None)
    left[0] = 1_000
    erase(tables, [person.sender_id], lambda line: None)
    assert person.sender_id not in everything(world)


def fresh(world: World) -> Aws:
    """Clients of a test's own."""
    return local_aws(world.stack.endpoint, world.stack.aws.region)


def test_the_role_may_do_what_is_done_and_no_more(world: World) -> None:
    """By the calls that are recorded; the main queue is not among what it may touch."""
    person, made = converse(world, new_sender()), set[str]()
    own = fresh(world)

    def note(model: Any, params: Any, **_: Any) -> None:
        service = model.service_model.service_name
        made.add(
            f"{service}:{model.name.removesuffix('Batch') if service == 'sqs' else model.name}"
        )
        assert world.resources.queue not in str(params["body"])

    for client in (own.dynamodb, own.sqs):
        client.meta.events.register("before-call", note)
    tables = Tables(own, world.resources)
    assert list(export_person(tables, [person.sender_id]))
    plan_erasure(tables, [person.sender_id])
    erase(tables, [person.sender_id], lambda line: None)
    [policy] = template(ERASURE_PATH)["Resources"]["ErasureRole"]["Properties"]["Policies"]
    statements = policy["PolicyDocument"]["Statement"]
    allowed = [statement["Action"] for statement in statements]
    flat = {each for part in allowed for each in ([part] if isinstance(part, str) else part)}
    assert flat == made | {"cloudformation:DescribeStacks"}
    names = json.dumps(Stack(ERASURE_PATH).resolve(statements))
    assert "unc-consumer-queue-dlq.fifo" in names
    assert "unc-consumer-queue.fifo" not in names


def test_cfn_lint_objects_to_nothing_in_the_role() -> None:
    assert [str(match) for match in lint_file(ERASURE_PATH)] == []
