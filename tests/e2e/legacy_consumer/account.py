"""An account as the legacy consumer's shell commands leave it: no stack anywhere."""

import io
import json
import uuid
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unc.aws.session import Aws

HERE = Path(__file__).parent
QUEUE, DEAD_LETTERS = "unc-consumer-queue.fifo", "unc-consumer-queue-dlq.fifo"
STORING, NOTIFYING = "unc-queue-lambda", "unc-dynamo-lambda"
ROLE = "consumer-lambda-execution-role"
# To be cut off is not what these tests are about: the legacy notifier would handle a batch again. A
# takeover waits for the storing one's time to be over.
TIMEOUT_SECONDS = {STORING: 10, NOTIFYING: 120}
VISIBILITY_SECONDS = 30


@dataclass(frozen=True)
class OlderConsumer:
    """What the commands made."""

    queue: str
    dead_letters: str
    stream: str
    queue_mapping: str
    stream_mapping: str


def make_tables(aws: Aws) -> str:
    """Tables with their indexes and the stream; gives the stream."""
    aws.dynamodb.create_table(
        TableName="sessions",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=_attributes(session_id="S", sender_id="S", status="S", created_at="N"),
        KeySchema=_keys("session_id"),
        GlobalSecondaryIndexes=[
            _index("SenderSessionsIndex", "sender_id"),
            _index("StatusIndex", "status"),
        ],
    )
    made = aws.dynamodb.create_table(
        TableName="chats",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=_attributes(
            sender_id="S", message_id="S", chat_type="S", session_id="S", created_at="N"
        ),
        KeySchema=_keys("sender_id", "message_id"),
        GlobalSecondaryIndexes=[
            _index("ChatTypeIndex", "chat_type"),
            _index("SenderTimeIndex", "sender_id"),
            _index("SessionIndex", "session_id"),
        ],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    return made["TableDescription"]["LatestStreamArn"]


def make_queues(aws: Aws) -> tuple[str, str]:
    """The queue and its dead-letter queue; gives their URLs."""
    fifo = {"FifoQueue": "true"}
    dead_letters = aws.sqs.create_queue(QueueName=DEAD_LETTERS, Attributes=fifo)["QueueUrl"]
    redrive = {"deadLetterTargetArn": _arn(aws, dead_letters), "maxReceiveCount": "3"}
    queue = aws.sqs.create_queue(
        QueueName=QUEUE,
        Attributes=fifo
        | {"VisibilityTimeout": str(VISIBILITY_SECONDS), "RedrivePolicy": json.dumps(redrive)},
    )
    return queue["QueueUrl"], dead_letters


def make_functions(aws: Aws, reply_url: str, secret: str) -> None:
    """Both functions, one role, logs, and rules that keep them warm."""
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}]}
    role = _client(aws, "iam").create_role(
        RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(trust)
    )["Role"]["Arn"]
    environments = {
        STORING: {"SESSIONS": "sessions", "CHATS": "chats", "ENDPOINT": aws.endpoint},
        NOTIFYING: {"REPLY_SERVICE_URL": reply_url, "INTELLIGENCE_API_SECRET": secret},
    }
    for name, module in ((STORING, "storing"), (NOTIFYING, "notifying")):
        made = aws.functions.create_function(
            FunctionName=name,
            Runtime="python3.11",
            Handler=f"{module}.handler",
            Role=role,
            Code={"ZipFile": _zip(module)},
            Timeout=TIMEOUT_SECONDS[name],
            MemorySize=128,
            Environment={"Variables": environments[name]},
        )
        aws.logs.create_log_group(logGroupName=f"/aws/lambda/{name}")
        _keep_warm(aws, name, made["FunctionArn"])


def attach(aws: Aws, queue: str, stream: str) -> tuple[str, str]:
    """Both event source mappings; gives their ids."""
    reads = aws.functions.create_event_source_mapping(
        EventSourceArn=_arn(aws, queue), FunctionName=STORING, BatchSize=10
    )
    notifies = aws.functions.create_event_source_mapping(
        EventSourceArn=stream, FunctionName=NOTIFYING, BatchSize=10, StartingPosition="TRIM_HORIZON"
    )
    return reads["UUID"], notifies["UUID"]


def leave_orphans(aws: Aws) -> None:
    """Make what a rollback on AWS may leave: a table, protected at that, and a queue."""
    aws.dynamodb.create_table(
        TableName="notifications",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=_attributes(sender_id="S"),
        KeySchema=_keys("sender_id"),
        DeletionProtectionEnabled=True,
    )
    aws.sqs.create_queue(QueueName="unc-consumer-reply-retry")


def send(aws: Aws, queue: str, body: str, group: str) -> None:
    """Queue a body as the producer does."""
    aws.sqs.send_message(
        QueueUrl=queue,
        MessageBody=body,
        MessageGroupId=group,
        MessageDeduplicationId=uuid.uuid4().hex,
    )


def _keep_warm(aws: Aws, name: str, arn: str) -> None:
    events = _client(aws, "events")
    events.put_rule(Name=f"{name}-warmup", ScheduleExpression="rate(5 minutes)")
    events.put_targets(Rule=f"{name}-warmup", Targets=[{"Id": "1", "Arn": arn}])


def _zip(module: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(HERE / f"{module}.py", f"{module}.py")
    return packed.getvalue()


def _arn(aws: Aws, queue: str) -> str:
    answer = aws.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    return answer["Attributes"]["QueueArn"]


def _client(aws: Aws, service: str) -> Any:
    return aws.session.client(service, endpoint_url=aws.endpoint, config=aws.config)


def _attributes(**types: str) -> Any:
    return [{"AttributeName": name, "AttributeType": kind} for name, kind in types.items()]


def _keys(*names: str) -> Any:
    kinds = ("HASH", "RANGE")
    return [
        {"AttributeName": name, "KeyType": kind} for name, kind in zip(names, kinds, strict=False)
    ]


def _index(name: str, hash_key: str) -> Any:
    keys = _keys(hash_key, "created_at")
    return {"IndexName": name, "KeySchema": keys, "Projection": {"ProjectionType": "ALL"}}
