"""Where AWS credentials come from.

In Lambda the runtime sets them as environment variables for a container's life. A
script on a laptop may hold them elsewhere (profiles, SSO, instance roles): there
botocore's chain is asked, when it is installed.
"""

import os
from dataclasses import dataclass, field
from typing import Any

from consumer.errors import Refused


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key, and the session token that temporary ones have."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


class CredentialSource:
    """Gives credentials for each request, fresh ones where they expire.

    Raises Refused, which says how to set them, when there are none, or none to be had.
    """

    def __init__(self) -> None:
        self._chain: Any = None

    def __call__(self) -> Credentials:
        key, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
        if key and secret:
            return Credentials(key, secret, os.environ.get("AWS_SESSION_TOKEN") or None)
        return self._from_chain()

    def _from_chain(self) -> Credentials:
        try:
            from botocore.exceptions import BotoCoreError, ClientError
            from botocore.session import get_session
        except ImportError:
            raise _none(", or install botocore for profiles") from None
        try:
            self._chain = self._chain or get_session().get_credentials()
            frozen = self._chain and self._chain.get_frozen_credentials()
        except (BotoCoreError, ClientError) as error:  # such as a session that has expired
            raise _none(f", or put AWS_PROFILE right ({error})") from None
        if not frozen:
            raise _none(", or AWS_PROFILE")
        return Credentials(frozen.access_key, frozen.secret_key, frozen.token)


def _none(other_way: str) -> Refused:
    how = f"set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY{other_way}"
    return Refused("NoCredentials", how)
