"""DynamoDB as the stores use it: keyed reads in bulk, conditional writes all or none.

Limits: 100 keys a BatchGetItem; 100 items and 4 MB a TransactWriteItems,
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from consumer.aws.attribute_values import Item
from consumer.aws.client import AwsClient, AwsRefused
from consumer.errors import Refused, Unavailable

MAX_KEYS = 100
MAX_ACTIONS = 100
MAX_TRANSACTION_BYTES = 3_500_000

_TARGET = "DynamoDB_20120810."
_CONDITION_FAILED = ("ConditionalCheckFailedException", "TransactionCanceledException")


@dataclass(frozen=True, slots=True)
class Read:
    """One key to read consistently; `projection` is an expression without placeholders."""

    table: str
    key: Item
    projection: str | None = None


@dataclass(slots=True)
class ReadResult:
    """Items of the keys that were answered; a key missing in `answered` is not known.

    `is_rejected`: the request would be rejected again.
    """

    answered: list[tuple[Read, Item | None]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    is_rejected: bool = False


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a transaction's action failed; `code` is "None" for one that did not."""

    code: str
    item: Item | None = None

    @property
    def is_none(self) -> bool:
        return self.code == "None"

    @property
    def is_condition(self) -> bool:
        return self.code == "ConditionalCheckFailed"

    @property
    def is_refusal(self) -> bool:
        return self.code in ("ValidationError", "ValidationException")


class DynamoDb:
    """The operations that the stores are made of; one try each."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def start_query(self, request: dict[str, Any]) -> Callable[[], list[Item]]:
        """Query; what it gives waits for the items, and raises Unavailable or Refused."""
        return partial(_items, self._client.start("dynamodb", f"{_TARGET}Query", request))

    def query_pages(self, request: dict[str, Any]) -> Iterator[Item]:
        """Query page after page; raises Unavailable or Refused."""
        start: dict[str, Any] = {}
        while True:
            page = self._client.call("dynamodb", f"{_TARGET}Query", request | start)
            yield from page.get("Items", [])
            if not page.get("LastEvaluatedKey"):
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def start_batch_get(self, reads: Sequence[Read]) -> Callable[[], ReadResult]:
        """Read up to 100 keys of any tables consistently; never raises for AWS's faults."""
        tables: dict[str, dict[str, Any]] = {}
        for read in reads:
            wanted = tables.setdefault(read.table, {"ConsistentRead": True, "Keys": []})
            wanted["Keys"].append(read.key)
            if read.projection:
                wanted["ProjectionExpression"] = read.projection
        request = {"RequestItems": tables}
        finish = self._client.start("dynamodb", f"{_TARGET}BatchGetItem", request)
        return partial(_found, reads, finish)

    def write(self, actions: Sequence[dict[str, Any]]) -> list[Reason]:
        """Apply all actions or none: no reasons mean all, else one reason for each.

        An action is a transaction's: `{"Put": …}` or `{"Update": …}`. Raises Unavailable
        when nothing is known, and Refused when the request as a whole was rejected.
        """
        operation, request = _request(actions)
        try:
            self._client.call("dynamodb", f"{_TARGET}{operation}", request)
        except AwsRefused as error:
            if error.code not in _CONDITION_FAILED:
                raise
            return _reasons(error, len(actions))
        return []


def chunks(values: Sequence[Any], size: int) -> Iterable[Sequence[Any]]:
    """Slices of at most `size`."""
    return (values[start : start + size] for start in range(0, len(values), size))


def _items(finish: Callable[[], dict[str, Any]]) -> list[Item]:
    items: list[Item] = finish().get("Items", [])
    return items


def _found(reads: Sequence[Read], finish: Callable[[], dict[str, Any]]) -> ReadResult:
    try:
        return _sort(reads, finish())
    except (Unavailable, Refused) as error:
        return ReadResult(
            problems=[f"BatchGetItem:{error}"], is_rejected=isinstance(error, Refused)
        )


def _sort(reads: Sequence[Read], answer: dict[str, Any]) -> ReadResult:
    """Pair each key with its item, None where there is none; leave out the unprocessed."""
    unprocessed = answer.get("UnprocessedKeys", {})
    found = ReadResult(problems=["BatchGetItem:UnprocessedKeys"] if unprocessed else [])
    for read in reads:
        if read.key in unprocessed.get(read.table, {}).get("Keys", []):
            continue
        items = answer.get("Responses", {}).get(read.table, [])
        match = (item for item in items if read.key.items() <= item.items())
        found.answered.append((read, next(match, None)))
    return found


def _request(actions: Sequence[dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    """One action alone needs no transaction, which takes twice the write units."""
    if len(actions) == 1:
        [(kind, request)] = actions[0].items()
        return f"{kind}Item", request
    return "TransactWriteItems", {"TransactItems": list(actions)}


def _reasons(error: AwsRefused, count: int) -> list[Reason]:
    if error.code == "ConditionalCheckFailedException":
        return [Reason("ConditionalCheckFailed", error.answer.get("Item"))]
    given = error.answer.get("CancellationReasons") or []
    reasons = [Reason(str(each.get("Code", "None")), each.get("Item")) for each in given]
    if len(reasons) != count:
        raise Unavailable("TransactionCanceledException") from error
    return reasons
