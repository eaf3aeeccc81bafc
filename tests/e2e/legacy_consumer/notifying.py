"""The legacy consumer's notifier: one POST a message, and a failure is logged and forgotten."""

import json
import os
import urllib.request


def handler(event, context):
    for record in event.get("Records", []):
        image = record["dynamodb"].get("NewImage", {})
        if record["eventName"] == "INSERT" and image["chat_type"]["S"] == "inbound":
            notify(image["sender_id"]["S"], image["content"]["M"]["text"]["S"])
    return {"statusCode": 200}


def notify(sender, text):
    body = json.dumps({"sender_id": sender, "message": text}).encode()
    headers = {
        "Content-Type": "application/json",
        "x-intelligence-api-secret": os.environ["INTELLIGENCE_API_SECRET"],
    }
    call = urllib.request.Request(os.environ["REPLY_SERVICE_URL"], body, headers)
    try:
        with urllib.request.urlopen(call, timeout=30):
            pass
    except OSError as error:
        print("could not notify", error)
