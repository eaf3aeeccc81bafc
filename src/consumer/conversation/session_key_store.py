"""The session key in a row of `notifications`: the SessionKeyStore that runs on AWS.

The table is ours alone, and who may read it may read every sender's number in it: the key is as
well kept there as what it protects. The row does not expire.
"""

from consumer.aws.attribute_values import text, to_item
from consumer.aws.dynamodb import DynamoDb, Read
from consumer.conversation.ports import SessionKeyAnswer
from consumer.errors import Refused, Unavailable

# No sender's id begins with a plus. The queue function's role names this row and no other.
KEY_ROW = "+session-key"
_ATTRIBUTE = "session_key"


class DynamoSessionKeyStore:
    """See SessionKeyStore."""

    def __init__(self, dynamodb: DynamoDb, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def read(self) -> SessionKeyAnswer:
        """Read the row consistently."""
        wanted = Read(self._table, to_item({"sender_id": KEY_ROW}))
        found = self._dynamodb.start_batch_get([wanted])()
        if not found.answered:
            return _failed(",".join(found.problems), found.is_rejected)
        [(_, item)] = found.answered
        if item is None:
            return SessionKeyAnswer(is_absent=True)
        key = text(item, _ATTRIBUTE)
        return SessionKeyAnswer(key) if key else _failed("no text", is_rejected=True)

    def create(self, candidate: str) -> SessionKeyAnswer:
        """Put the row on condition that there is none."""
        put = {
            "TableName": self._table,
            "Item": to_item({"sender_id": KEY_ROW, _ATTRIBUTE: candidate}),
            "ConditionExpression": "attribute_not_exists(sender_id)",
        }
        try:
            reasons = self._dynamodb.write([{"Put": put}])
        except (Unavailable, Refused) as error:
            return _failed(str(error), isinstance(error, Refused))
        return (
            _failed(reasons[0].code, is_rejected=False) if reasons else SessionKeyAnswer(candidate)
        )


def _failed(why: str, is_rejected: bool) -> SessionKeyAnswer:
    return SessionKeyAnswer(problem=f"session key:{why}", is_rejected=is_rejected)
