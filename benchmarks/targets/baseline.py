"""The service as it is usually written; its clients are made at import."""

from benchmarks.targets.ours import prepare_queue, prepare_stream

__all__ = ["prepare_queue", "prepare_stream", "start_queue", "start_stream"]


def start_queue() -> None:
    """Import the entry."""
    import queue_function  # noqa: F401


def start_stream() -> None:
    """Import the entry."""
    import dynamo_function  # noqa: F401
