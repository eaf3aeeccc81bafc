"""The least that must be done, with a bare botocore client, and nothing else.

Queue: one consistent batch read and one batch write of items that were made beforehand.
Stream: one consistent batch read and one POST for each sender, all at once, on kept connections.
No parsing, no sessions, no conditions, no log.
"""

# Imports wait for their function: what starts here must not pay for what only runs later.
import os
from functools import cache

from benchmarks.targets.lambda_context import Call

WIDTH = 100


@cache
def client():
    """Return the client, made once."""
    import botocore.session

    return botocore.session.get_session().create_client("dynamodb", region_name="us-east-1")


@cache
def http():
    """Return the connections to the reply service."""
    import urllib3

    return urllib3.PoolManager(maxsize=WIDTH, retries=False)


@cache
def threads():
    """Return the threads, which live as long as the process."""
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(WIDTH)


def start_queue() -> None:
    """Make the client."""
    client()


def start_stream() -> None:
    """Make both clients."""
    client()
    http()


def prepare_queue(event: dict) -> Call:
    """Return a batch read and a batch write of the event's chats."""
    table = os.environ["DYNAMODB_CHAT_TABLE"]
    items = [made_item(record) for record in event["Records"]]
    keys = [{key: item[key] for key in ("sender_id", "message_id")} for item in items]
    read = {table: {"Keys": keys, "ConsistentRead": True}}
    write = {table: [{"PutRequest": {"Item": item}} for item in items]}

    def run() -> None:
        client().batch_get_item(RequestItems=read)
        client().batch_write_item(RequestItems=write)

    return run


def made_item(record: dict) -> dict:
    """Return the chat that a queue record becomes."""
    from benchmarks.events import chat_image

    number = int(record["messageId"].rpartition("-")[2], 16)
    sender = record["body"].partition("WaId=")[2].partition("&")[0]
    return chat_image(sender, number)


def prepare_stream(event: dict) -> Call:
    """Return a batch read of the senders' sessions and their POSTs."""
    import json

    from benchmarks.events import session_id

    table = os.environ["DYNAMODB_SESSION_TABLE"]
    newest = {}
    for record in event["Records"]:
        image = record["dynamodb"]["NewImage"]
        newest[image["sender_id"]["S"]] = image["content"]["M"]["text"]["S"]
    keys = [{"session_id": {"S": session_id(sender)}} for sender in newest]
    bodies = [json.dumps({"sender_id": s, "message": text}) for s, text in newest.items()]

    def run() -> None:
        client().batch_get_item(RequestItems={table: {"Keys": keys, "ConsistentRead": True}})
        list(threads().map(post, bodies))

    return run


def post(body: str) -> int:
    """POST one notification on a kept connection."""
    secret = os.environ["INTELLIGENCE_API_SECRET"]
    headers = {"content-type": "application/json", "x-intelligence-api-secret": secret}
    url = os.environ["REPLY_SERVICE_URL"]
    return int(http().request("POST", url, body=body, headers=headers, timeout=30).status)
