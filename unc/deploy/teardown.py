"""`unc destroy`: the stack goes, and of tables and queues what is empty or was named.

CloudFormation itself would leave every table and queue behind. Nothing that holds data is deleted
unless its name was said.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from botocore.exceptions import ClientError

from unc.aws.queues import read_depth
from unc.aws.session import Aws
from unc.deploy.code_bucket import bucket_name
from unc.deploy.stack_events import Progress, follow_stack, newest_event
from unc.deploy.stack_state import exists
from unc.errors import BadInput, DeployFailed, NotReachable, UncError
from unc.takeover.inventory import ABSENT

_TABLE = "AWS::DynamoDB::Table"
_QUEUE = "AWS::SQS::Queue"
# Of use for a day only; the template lets it go with the stack.
_TRANSIENT = "StreamFailureQueue"


@dataclass(frozen=True)
class _Holding:
    """A table or a queue of the stack; `id` is the table's name or the queue's URL."""

    resource: str
    type: str
    name: str
    id: str
    has_data: bool


@dataclass(frozen=True)
class _TeardownPlan:
    """What becomes of each holding."""

    delete: Sequence[_Holding]
    keep: Sequence[_Holding]

    def as_json(self) -> dict[str, list[str]]:
        """Return the names that go and that stay."""
        return {
            "delete": [holding.name for holding in self.delete],
            "keep": [holding.name for holding in self.keep],
        }


def plan_teardown(
    aws: Aws, stack: str, to_delete: Iterable[str], to_keep: Iterable[str]
) -> _TeardownPlan:
    """Decide for each table and queue; raises UncError while one holds data and was not named.

    `to_delete` and `to_keep` are names; raises BadInput for one that the stack does not hold.
    """
    if not exists(aws, stack):
        raise NotReachable(f"there is no stack {stack}", "another name? set UNC_STACK")
    holdings = _read_holdings(aws, stack)
    to_delete, to_keep = set(to_delete), set(to_keep)
    unknown = (to_delete | to_keep) - {holding.name for holding in holdings}
    if unknown or to_delete & to_keep:
        odd = ", ".join(sorted(unknown or to_delete & to_keep))
        raise BadInput(f"{odd}: {'not in this stack' if unknown else 'both to delete and to keep'}")
    transient = [h.name for h in holdings if h.resource == _TRANSIENT and h.name in to_keep]
    if transient:
        raise BadInput(f"{transient[0]} cannot be kept: it goes with the stack")
    open_ = [h.name for h in holdings if h.has_data and h.name not in to_delete | to_keep]
    if open_:
        raise UncError(
            f"{', '.join(open_)} hold data" if len(open_) > 1 else f"{open_[0]} holds data",
            f"to lose it: --delete {open_[0]}; to leave it in the account: --keep {open_[0]}",
        )
    return _TeardownPlan(
        [h for h in holdings if h.name not in to_keep], [h for h in holdings if h.name in to_keep]
    )


def _read_holdings(aws: Aws, stack: str) -> list[_Holding]:
    """Return the stack's tables and queues, and whether each holds anything."""
    pages = aws.cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    found: list[_Holding] = []
    for each in (each for page in pages for each in page["StackResourceSummaries"]):
        kind, physical = each["ResourceType"], each.get("PhysicalResourceId", "")
        if kind in (_TABLE, _QUEUE) and physical:
            name = physical.rpartition("/")[2]
            has_data = _holds_data(aws, kind, physical)
            found.append(_Holding(each["LogicalResourceId"], kind, name, physical, has_data))
    return found


def _holds_data(aws: Aws, kind: str, physical: str) -> bool:
    """Say whether a table has an item or a queue a message, asked now and consistently."""
    if kind == _QUEUE:
        return not read_depth(aws, physical).is_empty()
    return bool(aws.dynamodb.scan(TableName=physical, Limit=1, ConsistentRead=True)["Items"])


def _let_go(aws: Aws, holding: _Holding) -> str:
    """Delete a holding that is still empty, or was named; say what came of it."""
    try:
        if not holding.has_data and _holds_data(aws, holding.type, holding.id):
            return f"kept {holding.name}: something has come in meanwhile"
        _delete_holding(aws, holding)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") not in ABSENT:
            raise
    return f"deleted {holding.name}"


def destroy(aws: Aws, stack: str, plan: _TeardownPlan, progress: Progress) -> None:
    """Delete the stack, then the holdings; raises DeployFailed when the stack stays.

    The stack goes first: nothing writes any more when a table or a queue is looked at once again.
    """
    before = newest_event(aws, stack)
    aws.cloudformation.delete_stack(StackName=stack)
    status = follow_stack(aws, stack, before, progress)
    if status != "DELETE_COMPLETE":
        raise DeployFailed(f"stack {stack} is {status}", "see why in the console; run it again")
    for holding in plan.delete:
        progress(_let_go(aws, holding))


def _delete_holding(aws: Aws, holding: _Holding) -> None:
    """Delete a table, its protection first, or a queue."""
    if holding.type == _QUEUE:
        aws.sqs.delete_queue(QueueUrl=holding.id)
        return
    table = aws.dynamodb.describe_table(TableName=holding.name)["Table"]
    if table.get("DeletionProtectionEnabled"):
        aws.dynamodb.update_table(TableName=holding.name, DeletionProtectionEnabled=False)
        aws.dynamodb.get_waiter("table_exists").wait(TableName=holding.name)
    aws.dynamodb.delete_table(TableName=holding.name)


def describe_plan(plan: _TeardownPlan) -> list[str]:
    """Say what goes and what stays."""
    lines = [
        f"- {holding.name}, {'with all it holds' if holding.has_data else 'empty'}"
        for holding in plan.delete
    ]
    return lines + [f"  {holding.name} stays in the account" for holding in plan.keep]


def describe_remains(aws: Aws, plan: _TeardownPlan) -> list[str]:
    """Say what is left in the account, and why."""
    lines = [
        f"{holding.name} was kept: the next deployment takes it over again" for holding in plan.keep
    ]
    bucket = bucket_name(aws)
    return [
        *lines,
        f"the code is still in s3://{bucket}; to remove it: aws s3 rb --force s3://{bucket}",
        "the secret in Secrets Manager was never the stack's, and stays",
    ]
