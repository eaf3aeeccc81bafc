"""What a script hands in, held against the form that the tables have it in."""

from consumer.webhook.address import parse_address


def require_text(**values: object) -> None:
    """Raise ValueError, naming the argument, for what is empty or no text."""
    for name, value in values.items():
        if not value:
            raise ValueError(f"{name} is empty")
        if not isinstance(value, str):
            raise ValueError(f"{name} is no text")


def require_sender_id(sender_id: object) -> None:
    """Raise ValueError for what is no sender's id: nobody's messages would be found under it."""
    require_text(sender_id=sender_id)
    if parse_address(str(sender_id)).id != sender_id:
        raise ValueError(
            "sender_id is not as chats have it: without channel, plus and surrounding blanks, "
            "as 4915555550199 or US.A1B2C3"
        )
