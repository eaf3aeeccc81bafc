"""A notifier process of its own, as another lane of the stream would run it.

It reads events from standard input, one JSON line each, and writes a line when each has ended.
"""

import json
import sys

from dynamo_function import dynamo_handler

SECONDS = 90


class Context:
    """As much of a Lambda context as the function needs."""

    aws_request_id = "lane"

    def get_remaining_time_in_millis(self) -> int:
        return SECONDS * 1000


def main() -> None:
    for line in sys.stdin:
        try:
            dynamo_handler(json.loads(line), Context())
        except Exception as error:  # as Lambda does: the batch comes again
            print(f"failed: {type(error).__name__}", file=sys.stderr, flush=True)
            print("failed", file=sys.__stdout__, flush=True)
        else:
            print("ended", file=sys.__stdout__, flush=True)


if __name__ == "__main__":
    sys.stdout = sys.stderr  # the function's log lines are not answers
    main()
