"""Every error this project raises on purpose.

ConsumerError
├── SettingMissing      an environment variable is not set; names it and the way to set it
├── SettingInvalid      it is set to something unusable; names it and what is expected
├── SecretUnavailable   the secret that is needed could not be fetched
├── Unavailable         a call failed or its outcome is unknown; it may be made again
├── Refused             an outside system will never do it as asked
├── NotStored           messages (their ids are carried) or a session not known to be stored
└── NotHandled          notifications neither delivered nor scheduled; the batch comes again

Their texts hold names, codes and counts, never a person's text, number or secret,
so the log may show them.
"""

from collections.abc import Iterable

_NO_SESSION = "the session could not be read or opened"


class ConsumerError(Exception):
    """The root of the tree above."""


class SettingMissing(ConsumerError):
    """An environment variable that has no default is not set."""

    def __init__(self, name: str, how: str) -> None:
        super().__init__(f"setting {name} is missing: {how}")
        self.name = name


class SettingInvalid(ConsumerError):
    """An environment variable holds a value that cannot be used."""

    def __init__(self, name: str, expected: str) -> None:
        super().__init__(f"setting {name} is not usable: expected {expected}")
        self.name = name


class SecretUnavailable(ConsumerError):
    """The secret is neither in the environment nor to be had from Secrets Manager."""

    def __init__(self, secret_id: str, why: str, variable: str) -> None:
        super().__init__(
            f"secret {secret_id} could not be read ({why}): create it in Secrets Manager, "
            f"allow secretsmanager:GetSecretValue on it, or set {variable}"
        )
        self.secret_id = secret_id


class Unavailable(ConsumerError):
    """A call failed, or its outcome is unknown; making it again is safe and may help."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Refused(ConsumerError):
    """A call was understood and rejected; the same call would be rejected again."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code


class NotStored(ConsumerError):
    """Some messages, or without ids a session, are not known to be stored; call again."""

    def __init__(self, message_ids: Iterable[str], problems: Iterable[str] = ()) -> None:
        self.message_ids = sorted(message_ids)
        self.problems = sorted(set(problems))
        why = ", ".join(self.problems) or "out of time"
        count = len(self.message_ids)
        what = f"{count} message(s) not stored" if count else _NO_SESSION
        super().__init__(f"{what}: {why}")


class NotHandled(ConsumerError):
    """A notification was neither delivered nor scheduled; AWS brings the batch again."""

    def __init__(self, count: int, problems: Iterable[str] = ()) -> None:
        why = ", ".join(sorted(set(problems))) or "out of time"
        super().__init__(f"{count} notification(s) neither delivered nor scheduled: {why}")
