"""The events that every target gets: SQS batches and stream batches, made from a seed.

Ids rise from round to round, so that what is new to one target is new to all.
"""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlencode

Event = dict[str, Any]

FIRST_MOMENT_MS = 1_790_000_000_000
ACCOUNT = "AC0123456789abcdef0123456789abcdef"


def sender_id(number: int) -> str:
    """Return a WhatsApp id."""
    return f"49155{number:08d}"


def session_id(sender: str) -> str:
    """Return the id of the session that a sender is seeded with."""
    return f"00000000-0000-4000-8000-{sender[-12:]}"


def message_id(number: int) -> str:
    """Return a message Sid."""
    return f"SM{number:032x}"


def queue_event(senders: list[str], first: int) -> Event:
    """Return a batch with a message of each sender in turn, numbered from `first`."""
    return {"Records": [queue_record(sender, first + n) for n, sender in enumerate(senders)]}


def queue_record(sender: str, number: int) -> Event:
    """Return one record as Lambda hands it over."""
    return {
        "messageId": f"00000000-0000-4000-9000-{number:012x}",
        "receiptHandle": f"receipt-{number}",
        "body": body(sender, number),
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": str(FIRST_MOMENT_MS + number),
            "SequenceNumber": f"{18_900_000_000_000_000_000 + number * 256}",
            "MessageGroupId": "webhook_group",
            "SenderId": "AIDAEXAMPLE",
            "MessageDeduplicationId": f"{number:032x}",
            "ApproximateFirstReceiveTimestamp": str(FIRST_MOMENT_MS + number + 5),
        },
        "messageAttributes": {},
        "md5OfBody": f"{number:032x}",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:unc-consumer-queue.fifo",
        "awsRegion": "us-east-1",
    }


def body(sender: str, number: int) -> str:
    """Return a webhook body as Twilio posts it for a WhatsApp text."""
    sid = message_id(number)
    context = f'{{"ProfileName":"Ada Example","WaId":"{sender}"}}'
    fields = {
        "SmsMessageSid": sid,
        "NumMedia": "0",
        "ProfileName": "Ada Example",
        "MessageType": "text",
        "SmsSid": sid,
        "WaId": sender,
        "SmsStatus": "received",
        "Body": text(number),
        "To": "whatsapp:+14155238886",
        "NumSegments": "1",
        "ReferralNumMedia": "0",
        "MessageSid": sid,
        "AccountSid": ACCOUNT,
        "ChannelMetadata": f'{{"type":"whatsapp","data":{{"context":{context}}}}}',
        "From": f"whatsapp:+{sender}",
        "ApiVersion": "2010-04-01",
    }
    return urlencode(fields)


def text(number: int) -> str:
    """Return what somebody writes: a sentence, with a character outside ASCII."""
    return f"Hello, could you tell me when order {number} arrives? \N{WAVING HAND SIGN}"


def chat_image(sender: str, number: int) -> Event:
    """Return a stored chat in DynamoDB JSON, as the stream shows it."""
    channel_data = {"type": {"S": "whatsapp"}, "data": {"M": {"context": {"M": {}}}}}
    metadata = {
        "message_id": {"S": message_id(number)},
        "account_id": {"S": ACCOUNT},
        "status": {"S": "received"},
        "channel_data": {"M": channel_data},
        "to": {"S": "whatsapp:+14155238886"},
    }
    sender_info = {
        "id": {"S": sender},
        "name": {"S": "Ada Example"},
        "phone": {"S": f"+{sender}"},
        "address": {"S": f"whatsapp:+{sender}"},
    }
    content = {"text": {"S": text(number)}, "media_count": {"N": "0"}, "segments": {"N": "1"}}
    return {
        "sender_id": {"S": sender},
        "message_id": {"S": message_id(number)},
        "session_id": {"S": session_id(sender)},
        "chat_type": {"S": "inbound"},
        "created_at": {"N": f"{FIRST_MOMENT_MS // 1000 + number}.{'0' * 12}1"},
        # An older message is compared with the index, so none is, however busy the machine.
        "stored_at": {"N": f"{time.time() + 60:.6f}"},
        "channel": {"S": "whatsapp"},
        "message_type": {"S": "text"},
        "content": {"M": content},
        "sender_info": {"M": sender_info},
        "metadata": {"M": metadata},
    }


def stream_event(senders: list[str], records: int, first: int) -> Event:
    """Return a stream batch with `records` new chats, dealt out to the senders in turn."""
    return {
        "Records": [stream_record(senders[n % len(senders)], first + n) for n in range(records)]
    }


def stream_record(sender: str, number: int) -> Event:
    """Return one record of the stream of `chats`."""
    image = chat_image(sender, number)
    return {
        "eventID": f"{number:032x}",
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": {
            "ApproximateCreationDateTime": FIRST_MOMENT_MS // 1000,
            "Keys": {key: image[key] for key in ("sender_id", "message_id")},
            "NewImage": image,
            "SequenceNumber": f"{number:021d}",
            "SizeBytes": 1100,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:000000000000:table/chats/stream/1",
    }


def session_row(sender: str) -> Event:
    """Return the session that a sender is seeded with."""
    return {
        "session_id": {"S": session_id(sender)},
        "sender_id": {"S": sender},
        "status": {"S": "active"},
        "created_at": {"N": str(FIRST_MOMENT_MS // 1000 - 3600)},
    }
