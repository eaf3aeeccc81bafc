"""The live view of `unc up`: new chats from the table's stream, POSTs and failures from the log.

Of the stand-in's POSTs itself tells, at once; the log has them when the function has ended.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from unc.aws.logs import LogFollower
from unc.aws.tables import Item, to_item
from unc.local.log_view import LogView
from unc.local.reply_stand_in import ReceivedPost
from unc.local.stack import RunningStack
from unc.messages.conversation import describe_content
from unc.terminal import clock, printable

if TYPE_CHECKING:
    from types_boto3_dynamodbstreams import DynamoDBStreamsClient

POLL_SECONDS = 0.3


class LiveView:
    """Lines about what happened since the view was made."""

    def __init__(self, stack: RunningStack) -> None:
        self._posts: queue.SimpleQueue[ReceivedPost] = queue.SimpleQueue()
        self._stream = _StreamReader(stack.aws.streams, stack.resources.chat_stream)
        self._delayed: list[str] = []
        follower = LogFollower(stack.aws, stack.resources.functions(), int(time.time() * 1000))
        self._log = LogView(follower.read, shows_posts=stack.reply is None)
        if stack.reply:
            stack.reply.on_post = self._posts.put

    def read(self) -> list[str]:
        """Return a line for each thing that happened since the last reading.

        A reply is written just before its POST is answered, so it is delayed by one reading:
        the order that a reader expects is stored, notified, replied.
        """
        items = list(self._stream.read())
        self._log.learn(items)
        lines = [_render_item(item) for item in items if item["chat_type"] != "outbound"]
        while not self._posts.empty():
            lines.append(_render_post(self._posts.get()))
        lines += self._log.read()
        lines += self._delayed
        self._delayed = [_render_item(item) for item in items if item["chat_type"] == "outbound"]
        return lines

    def forget(self) -> None:
        """Pass over what there is so far. A reply is held for one reading, so it takes two."""
        self._log.forget()
        self.read()
        self.read()


class _StreamReader:
    """Reads new items of a table's stream from now on; shards that open later are found too."""

    def __init__(self, client: DynamoDBStreamsClient, stream: str) -> None:
        self._client = client
        self._stream = stream
        self._iterators: dict[str, str] = {}
        self._known: set[str] = set()
        self._find_shards(newest_only=True)

    def _find_shards(self, newest_only: bool = False) -> None:
        """Take up shards not known yet, from now on or from their beginning."""
        found = self._client.describe_stream(StreamArn=self._stream)["StreamDescription"]["Shards"]
        for shard_id in (shard["ShardId"] for shard in found):
            if shard_id in self._known:
                continue
            self._known.add(shard_id)
            self._iterators[shard_id] = self._client.get_shard_iterator(
                StreamArn=self._stream,
                ShardId=shard_id,
                ShardIteratorType="LATEST" if newest_only else "TRIM_HORIZON",
            )["ShardIterator"]

    def read(self) -> Iterator[Item]:
        """Yield items inserted since the last reading."""
        for shard_id, iterator in list(self._iterators.items()):
            page = self._client.get_records(ShardIterator=iterator)
            self._iterators[shard_id] = page.get("NextShardIterator", "")
            for record in page["Records"]:
                if record.get("eventName") == "INSERT":
                    image: Any = record["dynamodb"]["NewImage"]
                    yield to_item(image)
        self._iterators = {shard: one for shard, one in self._iterators.items() if one}
        if not self._iterators:
            self._find_shards()


def _render_item(item: Item) -> str:
    """Show a stored message or a written reply."""
    outbound = item["chat_type"] == "outbound"
    mark = "[green]◂ replied [/green]" if outbound else "[cyan]▸ stored  [/cyan]"
    words = escape(printable(describe_content(item.get("content") or {})).replace("\n", " ⏎ "))
    return f"[dim]{clock(item['created_at'])}[/dim] {mark} {item['sender_id']:<18} {words}"


def _render_post(post: ReceivedPost) -> str:
    """Show a POST that reached the reply service, and its answer where that is no 200."""
    colour = "cyan" if post.status == 200 else "red"
    answer = "" if post.status == 200 else f"answered {post.status}"
    head = f"[dim]{clock(post.at)}[/dim] [{colour}]· notified[/{colour}]"
    return f"{head} {post.sender_id:<18} {answer}".rstrip()
