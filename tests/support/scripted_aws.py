"""An AWS client that answers by a script and keeps the requests."""

from collections.abc import Callable
from typing import Any

from consumer.aws.client import AwsClient, AwsRefused
from consumer.errors import Unavailable

Script = Callable[[dict[str, Any]], dict[str, Any]]


class ScriptedAws(AwsClient):
    """Each call takes the next answer: JSON, an error to raise, or a function of the request."""

    def __init__(self, *script: dict[str, Any] | Exception | Script) -> None:
        self._script = list(script)
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def start(
        self, service: str, operation: str, request: dict[str, Any]
    ) -> Callable[[], dict[str, Any]]:
        self.calls.append((operation.rpartition(".")[2], request))
        answer = self._script.pop(0) if self._script else {}

        def finish() -> dict[str, Any]:
            if isinstance(answer, Exception):
                raise answer
            return answer(request) if callable(answer) else answer

        return finish

    def requests(self, operation: str) -> list[dict[str, Any]]:
        """The requests of one operation, in order."""
        return [request for name, request in self.calls if name == operation]

    def writes(self) -> list[list[dict[str, Any]]]:
        """The actions of each write, whether alone or in a transaction."""
        alone = ("PutItem", "UpdateItem")
        return [
            [{name.removesuffix("Item"): request}] if name in alone else request["TransactItems"]
            for name, request in self.calls
            if name in (*alone, "TransactWriteItems")
        ]


def throttled() -> Unavailable:
    return Unavailable("ThrottlingException")


def refused(code: str) -> AwsRefused:
    return AwsRefused(code, {})


def cancelled(*codes: str, **items: dict[str, Any]) -> AwsRefused:
    """A transaction cancelled for these reasons; `item0` is the row the first one ran into."""
    reasons = [{"Code": code} for code in codes]
    for name, item in items.items():
        reasons[int(name.removeprefix("item"))]["Item"] = item  # type: ignore[assignment]
    return AwsRefused("TransactionCanceledException", {"CancellationReasons": reasons})


def takes_all(request: dict[str, Any]) -> dict[str, Any]:
    """SQS takes every entry of a batch."""
    return {"Successful": [{"Id": entry["Id"]} for entry in request["Entries"]]}


def batches_of(aws: ScriptedAws) -> list[list[dict[str, Any]]]:
    """The entries of each SendMessageBatch, in order."""
    return [request["Entries"] for request in aws.requests("SendMessageBatch")]


def values_of(entry: dict[str, Any]) -> dict[str, str]:
    assert {each["DataType"] for each in entry["MessageAttributes"].values()} == {"String"}
    return {name: each["StringValue"] for name, each in entry["MessageAttributes"].items()}
