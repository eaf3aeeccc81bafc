"""The whole system on this machine for as long as a `with` block lasts.

    with running_stack() as stack:
        stack.aws.sqs.send_message(QueueUrl=stack.resources.queue, MessageBody=body,
                                   MessageGroupId="webhook_group", MessageDeduplicationId="1")
        stack.reply.accepted("4915555550105")      # POSTs that the stand-in answered 200

- `stack.endpoint`   http://127.0.0.1:PORT of the emulator, a free port unless one is given
- `stack.aws`        boto3 clients: .sqs .dynamodb .streams .functions .logs .cloudformation
                     .secrets .s3
- `stack.resources`  queue, dead_letter_queue, reply_retry_queue, reply_dead_letter_queue,
                     stream_failure_queue (URLs), chat_table, session_table, notification_table,
                     queue_function, dynamo_function (names), chat_stream (ARN)
- `stack.reply`      the stand-in reply service: .posts, .accepted(sender), .fail_with = 503,
                     .delay_seconds; .writer.complete_session(id), .writer.open_session(sender).
                     None when `reply_url` is given
- `stack.secret`     what the stand-in takes as the secret, also in Secrets Manager

Everything listens on 127.0.0.1 and ends with the block, or with the process if that dies.
"""

from __future__ import annotations

import contextlib
import secrets as randomness
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from consumer.aws.secrets import TOKEN_VARIABLE
from unc import project
from unc.aws.resources import STACK, Resources
from unc.aws.session import Aws, local_aws
from unc.deploy.deployment import Plan, deploy
from unc.deploy.package import Package, build_package
from unc.local.emulator import Emulator, running_emulator
from unc.local.reply_stand_in import ReplyStandIn, running_stand_in
from unc.local.reply_writer import ReplyWriter

_SECRET_NAME = "INTELLIGENCE_API_SECRET"
_DEFAULT_TABLES = {"session_table": "sessions", "chat_table": "chats"}


@dataclass(frozen=True)
class RunningStack:
    """Handles on a running system."""

    emulator: Emulator
    aws: Aws
    resources: Resources
    reply: ReplyStandIn | None
    reply_url: str
    secret: str

    @property
    def endpoint(self) -> str:
        """Where the emulator listens."""
        return self.emulator.endpoint


@dataclass(frozen=True)
class Settings:
    """How to run it. Port 0 picks a free one; `state` keeps everything over a restart.

    `parameters` go to the template, `emulator` into the emulator's environment, and `package` and
    `template` stand in for the repository's own.
    """

    port: int = 0
    reply_port: int = 0
    state: Path | None = None
    reply_url: str | None = None
    secret: str | None = None
    parameters: Mapping[str, str] | None = None
    emulator: Mapping[str, str] | None = None
    package: Package | None = None
    template: Path = project.TEMPLATE
    region: str = "us-east-1"


def _ignore(line: str) -> None:
    """Report nothing."""


@contextlib.contextmanager
def running_stack(
    settings: Settings | None = None, progress: Callable[[str], None] = _ignore
) -> Iterator[RunningStack]:
    """Start the emulator, the stand-in and both functions; end all of it after the block.

    Raises SetupMissing, EmulatorFailed or DeployFailed; each says in one line what to do.
    """
    wanted = settings or Settings()
    package = wanted.package or build_package()
    progress(f"packaged {package.path.name}: {package.files} files")
    with contextlib.ExitStack() as ending:
        environment = {"MINISTACK_REGION": wanted.region, **(wanted.emulator or {})}
        emulator = ending.enter_context(running_emulator(wanted.port, wanted.state, environment))
        progress(f"emulator answers on {emulator.endpoint}")
        aws = local_aws(emulator.endpoint, wanted.region)
        secret = ensure_secret(aws, wanted.secret)
        ensure_secret(aws, name=TOKEN_VARIABLE)
        reply = None if wanted.reply_url else _start_stand_in(ending, aws, wanted, secret)
        url = reply.url if reply else str(wanted.reply_url)
        parameters = {**(wanted.parameters or {}), "ReplyServiceUrl": url}
        plan = Plan(package, parameters, STACK, wanted.template)
        resources = deploy(aws, plan, progress)
        yield RunningStack(emulator, aws, resources, reply, url, secret)


def _start_stand_in(
    ending: contextlib.ExitStack, aws: Aws, wanted: Settings, secret: str
) -> ReplyStandIn:
    """Start the stand-in before the functions that call it; tables have the template's names."""
    names = {**_DEFAULT_TABLES, **_renamed_tables(wanted.parameters or {})}
    writer = ReplyWriter(aws, **names)
    return ending.enter_context(running_stand_in(secret, writer, wanted.reply_port))


def _renamed_tables(parameters: Mapping[str, str]) -> dict[str, str]:
    """Pick the table names out of template parameters."""
    keys = {"SessionTableName": "session_table", "ChatTableName": "chat_table"}
    return {own: parameters[key] for key, own in keys.items() if key in parameters}


def ensure_secret(aws: Aws, wanted: str | None = None, name: str = _SECRET_NAME) -> str:
    """Return a secret in Secrets Manager; make one up, or set it when another is wanted."""
    try:
        stored = aws.secrets.get_secret_value(SecretId=name)["SecretString"]
    except aws.secrets.exceptions.ResourceNotFoundException:
        value = wanted or randomness.token_urlsafe(24)
        aws.secrets.create_secret(Name=name, SecretString=value)
        return value
    if wanted and wanted != stored:
        aws.secrets.put_secret_value(SecretId=name, SecretString=wanted)
        return wanted
    return stored
