"""What a takeover would break, found before anything is touched."""

from __future__ import annotations

from collections.abc import Sequence

from unc.aws.session import Aws
from unc.errors import DeployFailed
from unc.takeover.import_template import Import
from unc.takeover.inventory import QUEUE, Named
from unc.takeover.resource_properties import OWN_EXPIRY, Properties

_STREAM_VIEW = "NEW_AND_OLD_IMAGES"


def check_preconditions(aws: Aws, unmanaged: Sequence[Named], found: Import) -> None:
    """Raise DeployFailed for the first thing that the stack could not keep as it is."""
    for one in unmanaged:
        if one.resource == "ChatTable":
            _require_stream(one.name, found.resources[one.resource]["Properties"])
            _require_no_other_expiry(aws, one.name)
        if one.type == QUEUE:
            _require_no_policy(aws, one.name)


def _require_stream(name: str, properties: Properties) -> None:
    """A stream with another view would be replaced, and what nobody has read yet with it."""
    view = properties.get("StreamSpecification", {}).get("StreamViewType", _STREAM_VIEW)
    if view != _STREAM_VIEW:
        raise DeployFailed(
            f"the stream of table {name} shows {view}; the consumer needs "
            f"{_STREAM_VIEW}, and a stream cannot be changed without losing its position",
            "let the legacy notifier catch up, then renew the stream by hand",
        )


def _require_no_other_expiry(aws: Aws, name: str) -> None:
    """A table expires by one attribute, and the stack names its own even where nothing expires."""
    expiry = aws.dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    attribute = expiry.get("AttributeName", OWN_EXPIRY)
    if expiry.get("TimeToLiveStatus") in ("ENABLED", "ENABLING") and attribute != OWN_EXPIRY:
        raise DeployFailed(
            f"items of table {name} expire by {attribute}, and the stack's expire by {OWN_EXPIRY}",
            "switch that off, an hour before the takeover: aws dynamodb update-time-to-live "
            f"--table-name {name} --time-to-live-specification "
            f"AttributeName={attribute},Enabled=false; then keep chats by ChatRetentionDays",
        )


def _require_no_policy(aws: Aws, name: str) -> None:
    """The stack's policy would take the place of the queue's, and maybe shut out its producer."""
    url = aws.sqs.get_queue_url(QueueName=name)["QueueUrl"]
    answer = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
    if answer.get("Attributes", {}).get("Policy"):
        raise DeployFailed(
            f"queue {name} has a policy of its own, which the stack's would replace",
            "add its statements to the template, or remove it: aws sqs set-queue-attributes "
            f"--queue-url {url} --attributes Policy=",
        )
