"""Write as a person, on the laptop: a message through the real way in, and what becomes of it."""

from __future__ import annotations

from unc.aws.sender_lookup import find_writer, is_message_id
from unc.console.conversations import find_sender
from unc.console.page import Call, Console, GoTo, Page
from unc.errors import BadInput
from unc.messages.message import KINDS, write_message
from unc.messages.send import DEFAULT_ADDRESS
from unc.messages.sender import read_address
from unc.messages.webhook import find_intake, require_accepted


def show_composer(console: Console, call: Call) -> Page:
    """Show the form for a message of anybody."""
    return Page("compose", "Write as a person", {"address": DEFAULT_ADDRESS, "kinds": KINDS})


def send(console: Console, call: Call) -> GoTo:
    """Send a message as Twilio would; raises BadInput for a form without sender or kind."""
    address = read_address(call.form.get("address", ""))
    session_id = call.form.get("session_id", "")
    if session_id and not address:
        address = _address_of(console, session_id)
    message = write_message(address, call.form.get("text", ""), call.form.get("kind", "text"))
    if not message.sender_id:
        raise BadInput("the sender is empty", f"for example: {DEFAULT_ADDRESS}")
    require_accepted(find_intake(console.aws, console.resources).post(message.body))
    if session_id:
        return GoTo(f"/conversations/{session_id}#end")
    return GoTo(f"/messages/{message.message_id}")


def _address_of(console: Console, session_id: str) -> str:
    """Return where a person writes from: the address of the newest message that has one."""
    sender_id = find_sender(console, session_id)
    for chat in console.tables.read_newest_chats(sender_id, None, 20):
        if address := (chat.get("sender_info") or {}).get("address"):
            return str(address)
    return f"whatsapp:+{sender_id}" if sender_id.isdigit() else sender_id


def show_sent(console: Console, call: Call) -> Page | GoTo:
    """Go on to the conversation as soon as the message is stored."""
    id = call.parts["message_id"]
    if not is_message_id(id):
        raise BadInput("this is no message id", "SM… or MM…, as logs and conversations show it")
    writer = find_writer(console.tables, id)
    chats = console.tables.read_chats([(writer, id)]) if writer else []
    if chats:
        return GoTo(f"/conversations/{chats[0]['session_id']}#{id}")
    return Page("sent", "On its way", {"message_id": id})
