"""The zip by itself: the standard library, itself, and nothing else."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.events import queue_event, stream_event
from tests.e2e.world import World, new_sender, write
from unc.deploy.package import build_package

pytestmark = pytest.mark.emulator

SCRIPT = """
import json, sys
sys.path.insert(0, sys.argv[1])
import queue_function, dynamo_function

class Context:
    aws_request_id = "by-itself"
    def get_remaining_time_in_millis(self):
        return 90_000

queue_event, stream_event = json.load(sys.stdin)
answers = [
    queue_function.queue_handler(queue_event, Context()),
    dynamo_function.dynamo_handler(stream_event, Context()),
]
outside = sorted(
    name for name, module in sys.modules.items()
    if "site-packages" in (getattr(module, "__file__", None) or "")
)
print(json.dumps([answers, outside]), file=sys.stderr)
"""


BY_HAND = """
import json, sys
sys.path.insert(0, sys.argv[1])
from decimal import Decimal
from handlers.dynamo_event_handler import notify_reply_service
from handlers.queue_message_handler import (
    get_or_create_session, process_message, store_chat_messages
)
from queue_function import parse_message_body

first, second = map(parse_message_body, json.load(sys.stdin))
sender = first["sender"]["id"]
session = get_or_create_session(sender)
stored = [process_message(sender, [first]), store_chat_messages(session, sender, [second])]
again = process_message(sender, [first, second])
result = notify_reply_service(
    "no-" + sender, message_id="SM-by-hand", session_id=session, stored_at=Decimal(1), text="hi"
)
print(json.dumps([session, stored, again, sorted(result.notified)]), file=sys.stderr)
"""


def test_the_zip_alone_handles_a_batch_and_a_stream_event(world: World, tmp_path: Path) -> None:
    """Run by a Python that sees no site-packages: what the zip lacks would be missed here."""
    stored, new = write(new_sender(), "by itself"), write(new_sender(), "notified by itself")
    events = [queue_event([stored]), stream_event(new, "a-session")]
    answers, outside = _run_alone(world, tmp_path, SCRIPT, events)
    assert answers == [{"batchItemFailures": []}, {"batchItemFailures": []}]
    assert outside == []
    assert world.texts(stored.sender_id) == ["by itself"]
    assert len(world.reply.accepted(new.sender_id)) == 1


def test_a_script_needs_the_zip_and_the_environment_only(world: World, tmp_path: Path) -> None:
    """The functions that people call by hand find everything by themselves."""
    sender = new_sender()
    messages = [write(sender, "first by hand"), write(sender, "second by hand")]
    bodies = [message.body for message in messages]
    script = _run_alone(world, tmp_path, BY_HAND, bodies, without="SQS_DLQ_URL")
    session, stored, again, notified = script
    sender_id = messages[0].sender_id
    assert (stored, again, notified) == ([1, 1], 0, [f"no-{sender_id}"])
    assert world.texts(sender_id) == ["first by hand", "second by hand"]
    assert [each["session_id"] for each in world.sessions(sender_id)] == [session]
    [post] = world.reply.accepted(f"no-{sender_id}")
    assert (post.message, post.idempotency_key) == ("hi", "SM-by-hand")


def _run_alone(world: World, folder: Path, script: str, given: Any, without: str = "") -> Any:
    """Unpack the zip, run a script on it that sees no site-packages; gives its last line."""
    zipfile.ZipFile(build_package().path).extractall(folder)
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script, str(folder)],
        input=json.dumps(given),
        env={k: v for k, v in _environment(world).items() if k != without},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return json.loads(ran.stderr.splitlines()[-1])


def _environment(world: World) -> dict[str, str]:
    """What the template gives the two functions, and what Lambda adds."""
    variables: dict[str, str] = {}
    for name in (world.resources.queue_function, world.resources.dynamo_function):
        found = world.stack.aws.functions.get_function_configuration(FunctionName=name)
        variables |= found["Environment"]["Variables"]
    return variables | {
        "PATH": os.environ["PATH"],
        "AWS_REGION": world.stack.aws.region,
        "AWS_ENDPOINT_URL": world.stack.endpoint,
        "AWS_ACCESS_KEY_ID": "000000000000",
        "AWS_SECRET_ACCESS_KEY": "local",
    }
