"""A reply service that keeps the contract of docs/reply-service.md. Change `answer`."""

import json
import os
import time
import uuid
from base64 import b64encode
from hmac import compare_digest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import boto3
from boto3.dynamodb.conditions import Key

ENV = os.environ
CHATS = boto3.resource("dynamodb").Table(ENV.get("DYNAMODB_CHAT_TABLE", "chats"))
SESSIONS = boto3.resource("dynamodb").Table(ENV.get("DYNAMODB_SESSION_TABLE", "sessions"))


def answer(conversation, message):
    """Decide what to say. `conversation`: the rows of the session, oldest first."""
    written = sum(row["chat_type"] == "inbound" for row in conversation)
    return f"Message {written} of this conversation says: {message or '(no words)'}"


def reply(sender_id, message, key):
    """Answer one POST; return its status."""
    row = {"sender_id": sender_id, "message_id": str(uuid.uuid5(uuid.NAMESPACE_OID, key))}
    if "Item" in CHATS.get_item(Key=row, ConsistentRead=True):
        return 200  # a repeated POST, which was answered
    session_id = find_session(sender_id)
    pages = CHATS.meta.client.get_paginator("query").paginate(
        TableName=CHATS.name,
        IndexName="SessionIndex",
        KeyConditionExpression=Key("session_id").eq(session_id),
    )
    conversation = list(pages.search("Items[]"))
    text = answer(conversation, message)
    try:
        if "TWILIO_ACCOUNT_SID" in ENV:
            send(conversation, text)
        row |= {"session_id": session_id, "chat_type": "outbound", "created_at": int(time.time())}
        CHATS.put_item(Item=row | {"content": {"text": text}})
    except Exception as error:
        print(f"sent or not, nobody knows: {error!r}", flush=True)
        return 504
    return 200


def find_session(sender_id):
    """Return the id of the sender's newest session if it is active, else of a new one."""
    found = SESSIONS.query(
        IndexName="SenderSessionsIndex",
        KeyConditionExpression=Key("sender_id").eq(sender_id),
        ScanIndexForward=False,
        Limit=1,
    )["Items"]
    if found and found[0]["status"] == "active":
        return found[0]["session_id"]
    created_at = max([int(time.time()), *(int(each["created_at"]) + 1 for each in found)])
    session = {"session_id": str(uuid.uuid4()), "sender_id": sender_id, "status": "active"}
    SESSIONS.put_item(Item=session | {"created_at": created_at})
    return session["session_id"]


def send(conversation, text):
    """Send a text through Twilio's REST API, from the address that was written to last."""
    last = [row for row in conversation if row["chat_type"] == "inbound"][-1]
    form = {"To": last["sender_info"]["address"], "From": last["metadata"]["to"], "Body": text}
    account, token = ENV["TWILIO_ACCOUNT_SID"], ENV["TWILIO_AUTH_TOKEN"]
    host = ENV.get("TWILIO_API_URL", "https://api.twilio.com")
    url = f"{host}/2010-04-01/Accounts/{account}/Messages.json"
    basic = {"Authorization": "Basic " + b64encode(f"{account}:{token}".encode()).decode()}
    urlopen(Request(url, urlencode(form).encode(), basic), timeout=10).close()


def status_of(headers, body):
    """Answer a request, header names in lower case; return its status."""
    secret = headers.get("x-intelligence-api-secret", "")
    if not compare_digest(secret.encode(), ENV["INTELLIGENCE_API_SECRET"].encode()):
        return 401
    try:
        request = json.loads(body)
        asked = str(request["sender_id"]), str(request["message"])
    except (ValueError, KeyError, TypeError):
        return 422
    return reply(*asked, headers.get("idempotency-key") or str(uuid.uuid4()))


def handle(event, context):
    """Answer a request as a Lambda function behind a function URL."""
    return {"statusCode": status_of(event["headers"], event.get("body", ""))}


class Handler(BaseHTTPRequestHandler):
    """Answer requests as a server."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(status_of({k.lower(): v for k, v in self.headers.items()}, body))
        self.end_headers()


if __name__ == "__main__":
    address = ENV.get("HOST", "127.0.0.1"), int(ENV.get("PORT", "8000"))
    ThreadingHTTPServer(address, Handler).serve_forever()
