"""The reply service's secret: the environment's where it is set, else Secrets Manager's."""

import json
import os
from collections.abc import Callable

from consumer import environment
from consumer.aws.client import AwsClient
from consumer.errors import Refused, SecretUnavailable, Unavailable
from consumer.masking import MIN_SECRET_LENGTH

VARIABLE = "INTELLIGENCE_API_SECRET"
ID_VARIABLE = "INTELLIGENCE_API_SECRET_ID"


class ReplySecret:
    """Fetched once a container; a value that was in the environment is never replaced.

    `on_short` is called once, for a secret that is too short for the log to hide.
    """

    def __init__(self, client: AwsClient, on_short: Callable[[], None] = lambda: None) -> None:
        self._client = client
        self._fetched = False
        self._on_short = on_short
        self._warned = False

    def value(self) -> str:
        """The secret.

        Raises SecretUnavailable, which says what to do.
        """
        secret_id = environment.text(None, ID_VARIABLE) or VARIABLE
        if not environment.text(None, VARIABLE):
            os.environ[VARIABLE] = self._fetch(secret_id)
        secret = _usable(environment.text(None, VARIABLE), secret_id)
        if len(secret) < MIN_SECRET_LENGTH and not self._warned:
            self._warned = True
            self._on_short()
        return secret

    def renew(self) -> bool:
        """Forget a fetched secret, so that the next use fetches it anew; False if it was given."""
        if self._fetched:
            os.environ.pop(VARIABLE, None)
        return self._fetched

    def _fetch(self, secret_id: str) -> str:
        try:
            answer = self._client.call(
                "secretsmanager", "secretsmanager.GetSecretValue", {"SecretId": secret_id}
            )
        except (Unavailable, Refused) as error:
            raise SecretUnavailable(secret_id, error.code) from None
        secret = _usable(_plain(answer.get("SecretString"), secret_id).strip(), secret_id)
        self._fetched = True
        return secret


def _plain(stored: object, secret_id: str) -> str:
    """The secret as text, or as the one value of that name that the console's form writes."""
    if not isinstance(stored, str) or not stored.strip():
        raise SecretUnavailable(secret_id, "it holds no text")
    try:
        fields = json.loads(stored)
    except ValueError:
        return stored
    if not isinstance(fields, dict):
        return stored
    value = fields.get(VARIABLE)
    if not isinstance(value, str) or not value.strip():
        raise SecretUnavailable(secret_id, f"its JSON object has no text under {VARIABLE}")
    return value


def _usable(secret: str, secret_id: str) -> str:
    """A line break or a letter beyond Latin-1 would break every POST without saying why."""
    if not all(" " <= each <= "~" or "\xa0" < each <= "\xff" for each in secret):
        raise SecretUnavailable(secret_id, "no header can carry it")
    return secret
