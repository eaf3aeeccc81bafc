"""The notifier as it is usually written: a sender at a time, a new HTTP client for each."""

import json
import logging
import os
from datetime import UTC, datetime

import boto3
import urllib3
from boto3.dynamodb.conditions import Key

logger = logging.getLogger()
logger.setLevel(os.environ.get("LOG_LEVEL", "INFO"))

region = os.environ.get("AWS_REGION", "us-east-1")
dynamodb = boto3.resource("dynamodb", region_name=region)
sessions_table = dynamodb.Table(os.environ["DYNAMODB_SESSION_TABLE"])


def load_secret():
    """Return the reply service's secret."""
    if os.environ.get("INTELLIGENCE_API_SECRET"):
        return os.environ["INTELLIGENCE_API_SECRET"]
    client = boto3.client("secretsmanager", region_name=region)
    name = os.environ.get("INTELLIGENCE_API_SECRET_ID", "INTELLIGENCE_API_SECRET")
    return client.get_secret_value(SecretId=name)["SecretString"]


secret = load_secret()


def dynamo_handler(event, context):
    """Tell the reply service about the newest message of each sender."""
    if event.get("source") == "aws.events":
        return {"batchItemFailures": []}
    newest = {}
    for record in event["Records"]:
        image = record.get("dynamodb", {}).get("NewImage", {})
        if record["eventName"] == "INSERT" and image["chat_type"]["S"] == "inbound":
            newest[image["sender_id"]["S"]] = image["content"]["M"]["text"]["S"]
    for sender_id, text in newest.items():
        if not is_limited(sender_id):
            notify_reply_service(sender_id, text)
    logger.info("told about %d senders", len(newest))
    return {"batchItemFailures": []}


def is_limited(sender_id):
    """Say whether the sender's newest session is limited now."""
    found = sessions_table.query(
        IndexName="SenderSessionsIndex",
        KeyConditionExpression=Key("sender_id").eq(sender_id),
        ScanIndexForward=False,
        Limit=1,
    )
    until = found["Items"][0].get("user_limited_until") if found["Items"] else None
    if not until:
        return False
    return datetime.fromisoformat(until) > datetime.now(UTC).replace(tzinfo=None)


def notify_reply_service(sender_id, text):
    """POST one notification."""
    http = urllib3.PoolManager()
    response = http.request(
        "POST",
        os.environ["REPLY_SERVICE_URL"],
        body=json.dumps({"sender_id": sender_id, "message": text}),
        headers={"Content-Type": "application/json", "x-intelligence-api-secret": secret},
        timeout=30,
    )
    if response.status != 200:
        logger.error("the reply service answered %d", response.status)
