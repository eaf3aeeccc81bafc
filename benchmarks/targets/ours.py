"""The consumer as it ships: the zip's content is on the path before anything else."""

# The consumer's modules are imported in the functions, because a cold start measures their import.
from benchmarks.targets.lambda_context import CONTEXT, Call


def start_queue() -> None:
    """Import the entry and put its parts together."""
    import container
    import queue_function  # noqa: F401

    container.queue_dependencies()


def start_stream() -> None:
    """Import the entry and put its parts together."""
    import container
    import dynamo_function  # noqa: F401

    container.notifier_dependencies()


def prepare_queue(event: dict[str, object]) -> Call:
    """Return the handler's call."""
    from queue_function import queue_handler

    return lambda: queue_handler(event, CONTEXT)


def prepare_stream(event: dict[str, object]) -> Call:
    """Return the handler's call."""
    from dynamo_function import dynamo_handler

    return lambda: dynamo_handler(event, CONTEXT)
