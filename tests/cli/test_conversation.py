"""A conversation in the order, and in the words, that a reader expects."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest

from consumer.webhook.address import parse_address
from unc.errors import BadInput
from unc.local.reply_writer import ordered_uuid
from unc.messages.conversation import (
    Conversation,
    Part,
    describe_content,
    place,
    read_conversation,
    render_conversation,
)
from unc.messages.sender import read_address, read_sender

SENDER = "4915555550199"


def chat(
    created_at: str, text: str = "", chat_type: str = "inbound", **more: Any
) -> dict[str, Any]:
    return {
        "sender_id": SENDER,
        "message_id": f"{chat_type}-{created_at}",
        "session_id": "s1",
        "chat_type": chat_type,
        "created_at": Decimal(created_at),
        "content": {"text": text},
        **more,
    }


class FakeTables:
    """Answers what the real tables would, from lists."""

    def __init__(self, *chats: dict[str, Any]) -> None:
        self.chats = list(chats)

    def read_conversation(self, sender_id: str) -> list[dict[str, Any]]:
        return [one for one in self.chats if one["sender_id"] == sender_id]

    def read_sessions(self, session_ids: Any) -> dict[str, Any]:
        return {
            one: {"session_id": one, "status": "active", "created_at": Decimal(1)}
            for one in session_ids
            if one != "unknown"
        }

    def read_latest_senders(self) -> list[str]:
        return list(dict.fromkeys(one["sender_id"] for one in self.chats))


def read(*chats: dict[str, Any], sender: str = SENDER) -> Conversation:
    return read_conversation(FakeTables(*chats), sender)  # type: ignore[arg-type]


def test_a_reply_stands_after_what_came_in_within_its_second() -> None:
    chats = [chat("10", "answer", "outbound"), chat("10.5", "question"), chat("11.1", "next")]
    in_order = [one["content"]["text"] for one in sorted(chats, key=place)]
    assert in_order == ["question", "answer", "next"]


def test_a_reply_with_a_fraction_stands_at_its_own_moment() -> None:
    chats = [
        chat("10.6", "second question"),
        chat("10.5", "answer", "outbound"),
        chat("10.4", "question"),
    ]
    in_order = [one["content"]["text"] for one in sorted(chats, key=place)]
    assert in_order == ["question", "answer", "second question"]


def test_a_new_day_is_named_before_its_first_message() -> None:
    day = 24 * 3600
    lines = list(render_conversation(read(chat("10"), chat("20"), chat(str(3 * day)))))
    dated = [line for line in lines if re.search(r"\d{4}-\d\d-\d\d\[/", line)]
    assert len(dated) == 1
    assert lines.index(dated[0]) == len(lines) - 2


def test_messages_of_one_millisecond_stand_in_the_order_of_the_queue() -> None:
    """Their places differ in the last of 33 digits."""
    places = [f"1795000000.123{number:020d}" for number in (9, 10, 11)]
    chats = [
        chat(place, text, message_id=id)
        for place, text, id in zip(places, "abc", "321", strict=True)
    ]
    assert [one["content"]["text"] for one in sorted(chats, key=place)] == ["a", "b", "c"]


def test_replies_of_one_second_stand_in_the_order_of_their_ids() -> None:
    ids = [
        str(ordered_uuid(1_795_000_000_000_000_000 + step)) for step in (1_000, 9_000, 5_000_000)
    ]
    chats = [chat("1795000000", chat_type="outbound", message_id=id) for id in reversed(ids)]
    assert [one["message_id"] for one in sorted(chats, key=place)] == ids


def test_sessions_follow_each_other() -> None:
    found = read(
        chat("20", "b", session_id="s2"), chat("10", "a"), chat("30", "c", session_id="s2")
    )
    assert [part.session["session_id"] for part in found.parts] == ["s1", "s2"]
    assert [len(part.chats) for part in found.parts] == [1, 2]


@pytest.mark.parametrize(
    "written",
    [
        f"whatsapp:+{SENDER}",
        "+49 155 5555 0199",
        "+49 (155) 5555-0199",
        "0049 155 55550199",
        "+49/155.55550199",
        "whatsapp:+49 155 55550199",
        "WhatsApp: +49 155 55550199",
        "+49 (0)155 55550199",
        "(+49) 155 55550199",
        "00 49 (0) 155 5555 0199",
        "\u202a+49\u00a0155\u202f5555\u20110199\u202c",
    ],
)
def test_a_sender_may_be_given_as_an_address_or_as_people_write_it(written: str) -> None:
    assert read(chat("10", "a"), sender=written).sender_id == SENDER


@pytest.mark.parametrize(
    "written", ["US.A1-B2", "messenger:12-3", "Shop 24", "rcs:a.b", "1-2", "+", ""]
)
def test_what_is_no_phone_number_stays_as_it_is(written: str) -> None:
    assert read_sender(written) == parse_address(written).id


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("whatsapp:+49 155 5555-0199", "whatsapp:+4915555550199"),
        ("0049 155 55550199", "+4915555550199"),
        ("(155) 5555 0199", "15555550199"),
        ("messenger:12-345678", "messenger:12-345678"),
    ],
)
def test_an_address_keeps_its_channel_and_its_plus(written: str, address: str) -> None:
    assert read_address(written) == address


def test_a_session_that_is_gone_does_not_hide_its_chats() -> None:
    found = read(chat("10", "a", session_id="unknown"))
    assert found.parts[0].session["status"] == "unknown"
    assert list(render_conversation(found))


def test_nobody_there_names_those_who_are() -> None:
    with pytest.raises(BadInput) as failure:
        read(chat("10", "a"), sender="1")
    assert SENDER in failure.value.hint


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"text": "hi"}, "hi"),
        ({"text": "", "media_items": [{"url": "u", "content_type": "image/png"}]}, "[image/png]"),
        ({"text": "", "location": {"latitude": 1, "longitude": 2}}, "[at 1, 2]"),
        ({"text": "Yes", "button": {"text": "Yes"}}, "Yes [tapped Yes]"),
        ({"text": ""}, "[nothing]"),
        ({}, "[nothing]"),
    ],
)
def test_everything_said_has_words(content: dict[str, Any], words: str) -> None:
    assert describe_content(content) == words


def test_a_message_that_twilio_has_answered_says_so() -> None:
    stop = chat("10", "Stop", metadata={"opt_out_type": "STOP"})
    lines = list(render_conversation(read(stop, chat("11", "hi", metadata=None))))
    assert ["Twilio answered: STOP" in line for line in lines[1:]] == [True, False]


def test_a_stranger_cannot_drive_the_terminal() -> None:
    lines = list(render_conversation(read(chat("10", "\x1b[2J[bold]x[/bold]\r\nnext"))))
    assert "\x1b" not in lines[1]
    assert "\\[bold]" in lines[1]
    assert "\n" not in lines[1]


def test_the_json_twin_holds_sessions_with_their_chats() -> None:
    document = Conversation(SENDER, [Part({"session_id": "s1"}, [chat("1")])]).as_json()
    assert document["sessions"][0]["chats"][0]["message_id"] == "inbound-1"
