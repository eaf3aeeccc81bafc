"""The legacy consumer's queue function, as such things get written: stores what it is given."""

import json
import os
import time
import urllib.request
import uuid
from urllib.parse import parse_qsl


def handler(event, context):
    for record in event.get("Records", []):
        fields = dict(parse_qsl(record["body"], keep_blank_values=True))
        sender = fields.get("WaId") or fields["From"].rpartition(":")[2].lstrip("+")
        session = find_session(sender) or open_session(sender)
        put(os.environ["CHATS"], chat_item(fields, sender, session))
    return {"statusCode": 200}


def find_session(sender):
    found = dynamodb(
        "Query",
        TableName=os.environ["SESSIONS"],
        IndexName="SenderSessionsIndex",
        KeyConditionExpression="sender_id = :sender",
        ExpressionAttributeValues={":sender": {"S": sender}},
        ScanIndexForward=False,
        Limit=1,
    )
    return next((item["session_id"]["S"] for item in found["Items"]), None)


def open_session(sender):
    session = str(uuid.uuid4())
    item = {"session_id": session, "sender_id": sender, "status": "active"}
    typed = {name: {"S": value} for name, value in item.items()}
    put(os.environ["SESSIONS"], typed | {"created_at": {"N": str(int(time.time()))}})
    return session


def chat_item(fields, sender, session):
    return {
        "sender_id": {"S": sender},
        "message_id": {"S": fields["MessageSid"]},
        "session_id": {"S": session},
        "chat_type": {"S": "inbound"},
        "created_at": {"N": f"{time.time():.3f}"},
        "content": {"M": {"text": {"S": fields.get("Body", "")}}},
    }


def put(table, item):
    dynamodb("PutItem", TableName=table, Item=item)


def dynamodb(operation, **request):
    headers = {
        "X-Amz-Target": f"DynamoDB_20120810.{operation}",
        "Content-Type": "application/x-amz-json-1.0",
        "Authorization": "AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/dynamodb/x",
    }
    body = json.dumps(request).encode()
    call = urllib.request.Request(os.environ["ENDPOINT"], body, headers)
    with urllib.request.urlopen(call, timeout=10) as answer:
        return json.load(answer)
