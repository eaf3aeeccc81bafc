"""A running system whose functions reach everything through the fault-injecting proxy."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from tests.e2e.fault_schedule import NOTIFIER, QUEUE_FUNCTION, FaultSchedule
from tests.e2e.journal import Journal
from tests.e2e.proxy import running_proxy
from tests.e2e.workers import Workers
from tests.e2e.world import World
from unc.local.stack import RunningStack, running_stack

# A death costs one visibility timeout: minutes, as the template has it. AWS asks that it is no
# shorter than the function's time, and so it is here; what a death leads to only comes sooner.
# Both keep some of it back for calls that might hang; with much less they would do very little.
QUEUE_FUNCTION_SECONDS = 18
NOTIFIER_SECONDS = 50
REPLY_TIMEOUT_SECONDS = 3
# The stand-in has left its trace by then, and nobody's attempts are used up.
REPLY_OUTCOME_SECONDS = 5
REPLY_MAX_ATTEMPTS = 100


@dataclass(frozen=True)
class FaultRun:
    """The system, its schedule, and what the proxies saw."""

    world: World
    schedule: FaultSchedule
    journal: Journal


@contextlib.contextmanager
def running_fault_run(seed: int) -> Iterator[FaultRun]:
    """Start a system of its own with a fault schedule; all of it ends with the block."""
    schedule, journal = FaultSchedule(seed), Journal()
    with contextlib.ExitStack() as ending:
        stack = ending.enter_context(running_stack())
        assert stack.reply is not None
        workers = Workers(stack.emulator.process.pid)

        def through_proxy(url: str, function: str) -> str:
            return ending.enter_context(running_proxy(url, function, schedule, journal, workers))

        lead_through(
            stack,
            through_proxy(stack.endpoint, QUEUE_FUNCTION),
            through_proxy(stack.endpoint, NOTIFIER),
            through_proxy(stack.reply.url, NOTIFIER),
        )
        yield FaultRun(World(stack), schedule, journal)


def lead_through(
    stack: RunningStack, queue_function_url: str, notifier_url: str, reply_url: str
) -> None:
    """Point both functions at the proxies and shorten what a death costs."""
    names = stack.resources
    configure(
        stack, names.queue_function, QUEUE_FUNCTION_SECONDS, AWS_ENDPOINT_URL=queue_function_url
    )
    configure(
        stack,
        names.dynamo_function,
        NOTIFIER_SECONDS,
        AWS_ENDPOINT_URL=notifier_url,
        REPLY_SERVICE_URL=reply_url,
        REPLY_TIMEOUT_SECONDS=str(REPLY_TIMEOUT_SECONDS),
        REPLY_OUTCOME_SECONDS=str(REPLY_OUTCOME_SECONDS),
        REPLY_MAX_ATTEMPTS=str(REPLY_MAX_ATTEMPTS),
    )
    set_visibility(stack, names.queue, QUEUE_FUNCTION_SECONDS)
    set_visibility(stack, names.reply_retry_queue, NOTIFIER_SECONDS)


def configure(stack: RunningStack, function: str, seconds: int, **variables: str) -> None:
    """Change a function's time and some of its environment."""
    functions = stack.aws.functions
    found = functions.get_function_configuration(FunctionName=function)
    functions.update_function_configuration(
        FunctionName=function,
        Timeout=seconds,
        Environment={"Variables": found["Environment"]["Variables"] | variables},
    )


def set_visibility(stack: RunningStack, queue: str, seconds: int) -> None:
    stack.aws.sqs.set_queue_attributes(
        QueueUrl=queue, Attributes={"VisibilityTimeout": str(seconds)}
    )
