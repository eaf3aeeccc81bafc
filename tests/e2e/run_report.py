"""The report of a fault run, read from the tables, the queues and the reply service's record."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from tests.e2e.fault_run import FaultRun
from tests.e2e.journal import POST, Exchange
from tests.e2e.traffic import Traffic
from unc.local.reply_stand_in import ReceivedPost


@dataclass
class RunReport:
    """One run, looked at when no message is on the queue any more."""

    run: FaultRun
    traffic: Traffic

    @cached_property
    def chats(self) -> dict[str, list[dict[str, Any]]]:
        """Each sender's inbound chats in the order of their place."""
        return {sender: self.run.world.inbound(sender) for sender in self.traffic.by_sender()}

    @cached_property
    def sessions(self) -> dict[str, list[dict[str, Any]]]:
        """Each sender's sessions, oldest first."""
        return {sender: self.run.world.sessions(sender) for sender in self.traffic.by_sender()}

    @cached_property
    def dead_letters(self) -> list[dict[str, Any]]:
        world = self.run.world
        return world.take_dead_letters(world.resources.dead_letter_queue)

    @cached_property
    def moments(self) -> dict[str, Decimal]:
        """When each message was stored, by its id."""
        rows = [row for chats in self.chats.values() for row in chats]
        return {row["message_id"]: row["stored_at"] for row in rows}

    @cached_property
    def log(self) -> list[str]:
        """Every line that either function wrote."""
        logs = self.run.world.stack.aws.logs
        names = [each["logGroupName"] for each in logs.describe_log_groups()["logGroups"]]
        pages = [logs.filter_log_events(logGroupName=name) for name in names]
        return [event["message"].strip() for page in pages for event in page["events"]]

    def accepted(self) -> list[ReceivedPost]:
        """The POSTs that the reply service has accepted so far of these senders."""
        return [each for each in self.run.world.reply.accepted() if each.sender_id in self.chats]

    def unanswered(self) -> set[str]:
        """Senders whose last message no accepted POST covers."""
        last = {s: max(row["stored_at"] for row in rows) for s, rows in self.chats.items()}
        covered = {
            each.sender_id
            for each in self.accepted()
            if self.moments[each.idempotency_key] >= last[each.sender_id]
        }
        return last.keys() - covered

    def notified_again(self) -> list[str]:
        """Messages notified again although a POST that covers them had been accepted before."""
        again: list[str] = []
        covered: dict[str, Decimal] = {}
        posts = sorted(self.run.journal.read(POST), key=lambda each: each.started)
        for post in filter(self.is_accepted, posts):
            sender_id, moment = post.request["sender_id"], self.moments[post.key]
            if moment <= covered.get(sender_id, Decimal(0)):
                again.append(post.key)
            covered[sender_id] = max(moment, covered.get(sender_id, Decimal(0)))
        return again

    def is_accepted(self, post: Exchange) -> bool:
        return post.is_applied and post.key in self.moments

    def has_only_our_sessions(self, sender: str) -> bool:
        """Whether the reply service opened none for this sender."""
        return {each["session_id"] for each in self.sessions[sender]} <= self.run.journal.opened()

    def changes(self) -> list[tuple[str, str]]:
        """What the stream of `chats` says: each inbound row's message id and what befell it."""
        streams, arn = self.run.world.stack.aws.streams, self.run.world.resources.chat_stream
        found = []
        for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            place = streams.get_shard_iterator(
                StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            while (page := streams.get_records(ShardIterator=place))["Records"]:
                found += [(each["eventName"], each["dynamodb"]) for each in page["Records"]]
                place = page["NextShardIterator"]
        return [
            (change["Keys"]["message_id"]["S"], event)
            for event, change in found
            if change["Keys"]["message_id"]["S"] in self.moments
        ]
