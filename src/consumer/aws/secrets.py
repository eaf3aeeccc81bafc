"""Secrets: the environment's where they are set, else Secrets Manager's."""

import json
import os
from collections.abc import Callable

from consumer import environment
from consumer.aws.client import AwsClient
from consumer.errors import Refused, SecretUnavailable, Unavailable
from consumer.masking import MIN_SECRET_LENGTH

VARIABLE = "INTELLIGENCE_API_SECRET"
ID_VARIABLE = "INTELLIGENCE_API_SECRET_ID"
TOKEN_VARIABLE = "TWILIO_AUTH_TOKEN"
TOKEN_ID_VARIABLE = "TWILIO_AUTH_TOKEN_ID"


class ReplySecret:
    """The reply service's secret, fetched once a container.

    A value that was in the environment is never replaced.

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
        secret = _usable(fetch_secret(self._client, secret_id, VARIABLE), secret_id)
        self._fetched = True
        return secret


def fetch_auth_tokens(client: AwsClient) -> str:
    """Twilio's auth tokens, separated by commas.

    Raises SecretUnavailable, which says what to do.
    """
    given = environment.text(None, TOKEN_VARIABLE)
    secret_id = environment.text(None, TOKEN_ID_VARIABLE) or TOKEN_VARIABLE
    tokens = given or fetch_secret(client, secret_id, TOKEN_VARIABLE)
    if not tokens.strip(", "):
        raise SecretUnavailable(secret_id, "it holds no token", TOKEN_VARIABLE)
    return tokens


def fetch_secret(client: AwsClient, secret_id: str, variable: str) -> str:
    """A secret's text, or of a JSON object what stands under the variable's name.

    Raises SecretUnavailable, which says what to do.
    """
    try:
        answer = client.call(
            "secretsmanager", "secretsmanager.GetSecretValue", {"SecretId": secret_id}
        )
    except (Unavailable, Refused) as error:
        raise SecretUnavailable(secret_id, error.code, variable) from None
    return secret_text(answer.get("SecretString"), secret_id, variable).strip()


def secret_text(stored: object, secret_id: str, variable: str) -> str:
    """The secret as text, or as the one value of that name that the console's form writes.

    Raises SecretUnavailable.
    """
    if not isinstance(stored, str) or not stored.strip():
        raise SecretUnavailable(secret_id, "it holds no text", variable)
    try:
        fields = json.loads(stored)
    except ValueError:
        return stored
    if not isinstance(fields, dict):
        return stored
    value = fields.get(variable)
    if not isinstance(value, str) or not value.strip():
        why = f"its JSON object has no text under {variable}"
        raise SecretUnavailable(secret_id, why, variable)
    return value


def _usable(secret: str, secret_id: str) -> str:
    """A line break or a letter beyond Latin-1 would break every POST without saying why."""
    if not all(" " <= each <= "~" or "\xa0" < each <= "\xff" for each in secret):
        raise SecretUnavailable(secret_id, "no header can carry it", VARIABLE)
    return secret
