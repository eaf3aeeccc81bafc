"""The legacy consumer at work, with a reply service that counts."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.e2e.legacy_consumer import account as legacy
from tests.e2e.world import eventually, new_sender, write
from unc import project
from unc.aws.connection import ACCOUNT_VARIABLE
from unc.aws.session import Aws, local_aws
from unc.deploy.deployment import Plan, show_nothing
from unc.deploy.package import build_package
from unc.deploy.parameters import VARIABLES
from unc.deploy.rollout import roll_out
from unc.local.emulator import running_emulator
from unc.local.reply_stand_in import ReplyStandIn, running_stand_in
from unc.local.reply_writer import ReplyWriter
from unc.local.stack import ensure_secret
from unc.messages.message import Message
from unc.runner import run


@dataclass
class LegacyWorld:
    """The legacy consumer at work, and what it had done when the takeover began."""

    aws: Aws
    reply: ReplyStandIn
    queue: str
    mappings: tuple[str, str]
    queued: list[Message] = field(default_factory=list)

    def deploy(self, *arguments: str) -> int:
        return run(["deploy", "--set", f"ReplyServiceUrl={self.reply.url}", *arguments])

    def roll_out(
        self,
        progress: Callable[[str], None],
        template: Path = project.TEMPLATE,
        drain_limit_seconds: float = 600,
    ) -> None:
        """Deploy as the command does, with another template or a shorter drain limit."""
        plan = Plan(build_package(), {"ReplyServiceUrl": self.reply.url}, template=template)
        roll_out(self.aws, plan, None, progress, show_nothing, drain_limit_seconds)

    def notified(self, message: Message) -> int:
        """How many POSTs about it were accepted."""
        posts = self.reply.accepted(message.sender_id)
        return sum(post.message == message.label for post in posts)

    def await_notified(self, *messages: Message) -> None:
        for message in messages:
            eventually(lambda one=message: self.notified(one) > 0, f"{message.label} notified")

    def send(self, text: str, group: str = "webhook_group") -> Message:
        """Queue a message of a new sender."""
        message = write(new_sender(), text)
        legacy.send(self.aws, self.queue, message.body, group)
        return message

    def exchange(self, text: str) -> Message:
        """Queue a message of a new sender and wait until it is notified."""
        message = self.send(text)
        self.await_notified(message)
        return message

    def pass_by(self, *senders: str) -> None:
        """Wait until all that is stored of these senders was notified, or never will be.

        One more message of each does it: a sender's records are handled in their order, different
        senders' at the same time.
        """
        last = [write(f"whatsapp:+{sender}", "the last one") for sender in senders]
        for message in last:
            legacy.send(self.aws, self.queue, message.body, "webhook_group")
        self.await_notified(*last)

    def assert_notified_once(self, *messages: Message) -> None:
        """Nothing was lost and nothing was notified twice."""
        self.pass_by(*{message.sender_id for message in messages})
        assert [self.notified(message) for message in messages] == [1] * len(messages)

    def functions(self) -> list[dict[str, object]]:
        """What makes the legacy functions what they are."""
        parts = ("CodeSha256", "Handler", "Runtime", "Role", "Environment", "Timeout", "MemorySize")
        found = [
            self.aws.functions.get_function_configuration(FunctionName=name)
            for name in (legacy.STORING, legacy.NOTIFYING)
        ]
        return [{part: one.get(part) for part in parts} for one in found]

    def states(self) -> list[str]:
        """The legacy mappings' states."""
        found = [self.aws.functions.get_event_source_mapping(UUID=each) for each in self.mappings]
        return [mapping["State"] for mapping in found]

    def switch(self, mapping: int, on: bool) -> None:
        """Switch one of the legacy mappings: 0 reads the queue, 1 the stream."""
        self.aws.functions.update_event_source_mapping(UUID=self.mappings[mapping], Enabled=on)

    def break_notifier(self) -> None:
        """Let every run of the legacy notifier fail; what it was given comes again."""
        self._set_notifier("notifying.nothing_of_that_name")

    def mend_notifier(self) -> None:
        self._set_notifier("notifying.handler")

    def notifier_fails(self) -> bool:
        """Whether Lambda says so of its last run."""
        found = self.aws.functions.get_event_source_mapping(UUID=self.mappings[1])
        return found["LastProcessingResult"] == "FAILED"

    def _set_notifier(self, handler: str) -> None:
        self.aws.functions.update_function_configuration(
            FunctionName=legacy.NOTIFYING, Handler=handler
        )


@contextlib.contextmanager
def running_legacy_world(environment: pytest.MonkeyPatch) -> Iterator[LegacyWorld]:
    """Everything that the shell commands made, in an account of its own."""
    for variable in (*VARIABLES, ACCOUNT_VARIABLE):
        environment.delenv(variable, raising=False)
    with running_emulator() as emulator:
        aws = local_aws(emulator.endpoint)
        secret = ensure_secret(aws, None)
        with running_stand_in(secret, ReplyWriter(aws, "sessions", "chats")) as reply:
            stream = legacy.make_tables(aws)
            queue, _ = legacy.make_queues(aws)
            legacy.make_functions(aws, reply.url, secret)
            environment.setenv("AWS_ENDPOINT_URL", emulator.endpoint)
            yield LegacyWorld(aws, reply, queue, legacy.attach(aws, queue, stream))
