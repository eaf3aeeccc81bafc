"""Notifier processes in front of the emulator, which by itself runs one function at a time."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.e2e.world import World

ROOT = Path(__file__).parents[2]
LANE = Path(__file__).with_name("lane.py")


class Lane:
    """One process; a batch at a time, the same again when it failed or the process died."""

    def __init__(self, world: World) -> None:
        self._environment = environment_of(world)
        self._process = self._start()

    def begin(self, records: Sequence[dict[str, Any]]) -> None:
        """Hand over a batch without waiting."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"Records": list(records)}) + "\n")
        self._process.stdin.flush()

    def has_ended(self) -> bool:
        """Wait for the batch; whether it ended well."""
        assert self._process.stdout is not None
        return self._process.stdout.readline() == "ended\n"

    def run(self, records: Sequence[dict[str, Any]]) -> None:
        """Hand over a batch until it has ended well, as a stream mapping does."""
        self.begin(records)
        while not self.has_ended():
            self.begin(records)

    def kill(self) -> None:
        """End the process as a crash would, and start another."""
        self._process.kill()
        self._process.wait()
        self._process = self._start()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, str(LANE)],
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )


def environment_of(world: World) -> dict[str, str]:
    """The deployed notifier's environment, and the way to the emulator."""
    functions = world.stack.aws.functions
    name = world.resources.dynamo_function
    deployed = functions.get_function_configuration(FunctionName=name)
    return {
        **deployed["Environment"]["Variables"],
        "AWS_ENDPOINT_URL": world.stack.endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": world.stack.aws.region,
        "PYTHONPATH": str(ROOT / "src"),
        "PATH": os.environ["PATH"],
    }


def stream_records(world: World, sender_ids: Sequence[str]) -> list[dict[str, Any]]:
    """The stream's records of these senders' inbound chats, as they are stored."""
    table, records = world.resources.chat_table, []
    for sender_id in sender_ids:
        items = world.stack.aws.dynamodb.query(
            TableName=table,
            KeyConditionExpression="sender_id = :sender",
            ExpressionAttributeValues={":sender": {"S": sender_id}},
        )["Items"]
        inbound = [item for item in items if item["chat_type"]["S"] == "inbound"]
        records += [_record(item) for item in inbound]
    return records


def stop_stream(world: World) -> None:
    """Let the emulator's own mapping rest: the lanes of a test bring the records."""
    functions = world.stack.aws.functions
    mappings = functions.list_event_source_mappings(EventSourceArn=world.resources.chat_stream)
    for mapping in mappings["EventSourceMappings"]:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)


def _record(item: dict[str, Any]) -> dict[str, Any]:
    change = {"NewImage": item, "SequenceNumber": "1"}
    return {"eventSource": "aws:dynamodb", "eventName": "INSERT", "dynamodb": change}
