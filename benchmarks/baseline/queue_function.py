"""The queue function as it is usually written: boto3 resources, a sender at a time."""

import json
import logging
import os
import time
import uuid
from decimal import Decimal
from urllib.parse import parse_qs

import boto3
from boto3.dynamodb.conditions import Attr, Key

logger = logging.getLogger()
logger.setLevel(os.environ.get("LOG_LEVEL", "INFO"))

dynamodb = boto3.resource("dynamodb", region_name=os.environ.get("AWS_REGION", "us-east-1"))
sessions_table = dynamodb.Table(os.environ["DYNAMODB_SESSION_TABLE"])
chats_table = dynamodb.Table(os.environ["DYNAMODB_CHAT_TABLE"])


def queue_handler(event, context):
    """Handle a batch of webhooks."""
    if event.get("source") == "aws.events":
        return {"batchItemFailures": []}
    by_sender = {}
    for record in event["Records"]:
        message = parse_message_body(record["body"])
        message["created_at"] = Decimal(record["attributes"]["SentTimestamp"]) / 1000
        by_sender.setdefault(message["sender"]["id"], []).append(message)
    for sender_id, messages in by_sender.items():
        session_id = get_or_create_session(sender_id)
        store_chat_messages(session_id, sender_id, messages)
    logger.info("stored %d messages of %d senders", len(event["Records"]), len(by_sender))
    return {"batchItemFailures": []}


def parse_message_body(body):
    """Turn a webhook body into a dictionary."""
    fields = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
    count = int(fields.get("NumMedia", 0))
    return {
        "message_type": fields.get("MessageType", "text"),
        "sender": {
            "id": fields.get("WaId") or fields["From"].split(":")[-1].lstrip("+"),
            "name": fields.get("ProfileName"),
            "phone": fields["From"].split(":")[-1],
        },
        "content": {
            "text": fields.get("Body", ""),
            "media_count": count,
            "segments": int(fields.get("NumSegments", 1)),
            "media_items": [
                {
                    "url": fields.get(f"MediaUrl{n}"),
                    "content_type": fields.get(f"MediaContentType{n}"),
                }
                for n in range(count)
            ],
        },
        "metadata": {
            "message_id": fields["MessageSid"],
            "account_id": fields.get("AccountSid"),
            "status": fields.get("SmsStatus"),
            "channel_data": json.loads(fields.get("ChannelMetadata", "null"), parse_float=Decimal),
        },
    }


def get_or_create_session(sender_id):
    """Find the sender's active session in the index, or make one."""
    found = sessions_table.query(
        IndexName="SenderSessionsIndex",
        KeyConditionExpression=Key("sender_id").eq(sender_id),
        FilterExpression=Attr("status").eq("active"),
        ScanIndexForward=False,
        Limit=1,
    )
    if found["Items"]:
        return found["Items"][0]["session_id"]
    session_id = str(uuid.uuid4())
    sessions_table.put_item(
        Item={
            "session_id": session_id,
            "sender_id": sender_id,
            "status": "active",
            "created_at": int(time.time()),
        }
    )
    return session_id


def store_chat_messages(session_id, sender_id, messages):
    """Write a sender's messages in one call."""
    with chats_table.batch_writer() as batch:
        for message in messages:
            batch.put_item(
                Item={
                    "sender_id": sender_id,
                    "message_id": message["metadata"]["message_id"],
                    "session_id": session_id,
                    "chat_type": "inbound",
                    "created_at": message["created_at"],
                    "stored_at": Decimal(str(round(time.time(), 6))),
                    "content": message["content"],
                    "sender_info": message["sender"],
                    "metadata": message["metadata"],
                }
            )
