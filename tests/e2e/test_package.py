"""The zip by itself: the standard library, itself, and nothing else."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.e2e.events import queue_event, stream_event
from tests.e2e.world import World, new_sender, write
from unc.package import build_package

pytestmark = pytest.mark.emulator

SCRIPT = """
import json, sys
sys.path.insert(0, sys.argv[1])
import queue_function, dynamo_function

class Context:
    aws_request_id = "by-itself"
    def get_remaining_time_in_millis(self):
        return 60_000

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


def test_the_zip_alone_handles_a_batch_and_a_stream_event(world: World, tmp_path: Path) -> None:
    """Run by a Python that sees no site-packages: what the zip lacks would be missed here."""
    zipfile.ZipFile(build_package().path).extractall(tmp_path)
    stored, news = write(new_sender(), "by itself"), write(new_sender(), "told by itself")
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", SCRIPT, str(tmp_path)],
        input=json.dumps([queue_event([stored]), stream_event(news, "a-session")]),
        env=_environment(world),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    answers, outside = json.loads(ran.stderr.splitlines()[-1])
    assert answers == [{"batchItemFailures": []}, {"batchItemFailures": []}]
    assert outside == []
    assert world.texts(stored.sender_id) == ["by itself"]
    assert len(world.reply.accepted(news.sender_id)) == 1


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
