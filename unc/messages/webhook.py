"""Send webhooks to the intake as Twilio does: signed, one request each."""

from __future__ import annotations

import contextlib
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from consumer.aws.secrets import TOKEN_VARIABLE, secret_text
from consumer.errors import SecretUnavailable
from consumer.intake.auth_token import split_tokens
from consumer.webhook.signature import sign_form
from unc.aws.resources import Resources
from unc.aws.session import Aws, is_loopback
from unc.errors import NotReachable, UncError
from unc.messages.message import Message
from unc.messages.send import send_messages

# Retries at most, after any failure; without them Twilio brings nothing again.
# https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
RETRIES = 5
RETRY_SETTINGS = f"#rc={RETRIES}&rp=all"

_FORM = "application/x-www-form-urlencoded"
_AT_ONCE = 4
_TIMEOUT_SECONDS = 15.0  # as long as Twilio waits


@dataclass(frozen=True)
class Answer:
    """What the intake answered."""

    status: int
    text: str


@dataclass(frozen=True)
class Intake:
    """Where webhooks go. `signed_url` is what Twilio has configured, `address` where it leads."""

    signed_url: str
    address: str
    token: str

    def post(self, body: str) -> Answer:
        """Sign and send one form; raises NotReachable when nothing answers."""
        headers = {"Content-Type": _FORM}
        headers["X-Twilio-Signature"] = sign_form(self.signed_url, body, self.token)
        request = urllib.request.Request(self.address, body.encode(), headers, method="POST")
        try:
            with _opener(self.address).open(request, timeout=_TIMEOUT_SECONDS) as response:
                return Answer(response.status, response.read().decode("utf-8", "replace"))
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.read().decode("utf-8", "replace"))
        except OSError as error:
            raise NotReachable(f"{self.address} does not answer: {error}") from error


def find_intake(aws: Aws, resources: Resources) -> Intake:
    """Find a stack's intake and its token; raises NotReachable where one is missing."""
    if not resources.webhook_url:
        raise NotReachable("this stack has no intake", "unc deploy --set WebhookIntake=true")
    found = aws.functions.get_function_configuration(FunctionName=resources.intake_function)
    variables = found.get("Environment", {}).get("Variables", {})
    public = variables.get("PUBLIC_URL", "").partition("#")[0]
    name = variables.get("TWILIO_AUTH_TOKEN_ID", "TWILIO_AUTH_TOKEN")
    url = public or resources.webhook_url
    return Intake(url, public or _address(aws, url), _read_token(aws, name))


def post_messages(intake: Intake, messages: Sequence[Message]) -> None:
    """Send all, those of one sender one after the other; raises UncError for what is refused.

    What fails is sent again, as Twilio does it: the queue takes it for the same message.
    """
    by_sender: dict[str, list[Message]] = {}
    for message in messages:
        by_sender.setdefault(message.sender_id or message.body, []).append(message)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for answer in pool.map(lambda each: _post_in_order(intake, each), by_sender.values()):
            require_accepted(answer)


def submit_messages(
    aws: Aws, resources: Resources, messages: Sequence[Message], progress: Callable[[str], None]
) -> list[Message]:
    """Send through the intake, where there is one; give the messages with their ids, in order.

    A message without an id goes straight to the queue, whose id it then has: the intake does not
    say that one. Raises UncError for what is refused.
    """
    if not resources.webhook_url:
        return send_messages(aws, resources.queue, messages)
    signed = [each for each in messages if each.message_id]
    direct = [each for each in messages if not each.message_id]
    if signed:
        post_messages(find_intake(aws, resources), signed)
    if direct:
        labels = ", ".join(each.label or "a body" for each in direct)
        progress(f"no message id, so straight to the queue, past the intake: {labels}")
    queued = iter(send_messages(aws, resources.queue, direct))
    return [each if each.message_id else next(queued) for each in messages]


def require_accepted(answer: Answer) -> None:
    """Raise UncError unless the intake has queued the message."""
    if answer.status != 200:
        raise UncError(f"the intake answered {answer.status}: {answer.text}", "see: unc logs")


def _post_in_order(intake: Intake, messages: Iterable[Message]) -> Answer:
    """Send until one is refused; give the last answer."""
    answer = Answer(200, "")
    for message in messages:
        answer = _post_with_retries(intake, message.body)
        if answer.status != 200:
            break
    return answer


def _post_with_retries(intake: Intake, body: str) -> Answer:
    """Send again after a failure of the intake's; raises NotReachable when nothing answers.

    On a busy laptop the first containers may take longer to start than Twilio waits.
    """
    for _ in range(RETRIES):
        with contextlib.suppress(NotReachable):
            answer = intake.post(body)
            if answer.status < 500:
                return answer
    return intake.post(body)


def _opener(address: str) -> urllib.request.OpenerDirector:
    """What runs on this machine is not reached through a proxy."""
    proxies = [urllib.request.ProxyHandler({})] if is_loopback(address) else []
    return urllib.request.build_opener(*proxies)


def _address(aws: Aws, url: str) -> str:
    """Return where a function URL leads: an emulator serves it under a path of its own."""
    if not aws.endpoint:
        return url
    parts = urlsplit(url)
    return f"{aws.endpoint}/_aws/lambda-url/{parts.netloc.partition('.')[0]}{parts.path}"


def _read_token(aws: Aws, name: str) -> str:
    """Read the first of the tokens; raises NotReachable where there is none."""
    try:
        stored = aws.secrets.get_secret_value(SecretId=name).get("SecretString")
        return split_tokens(secret_text(stored, name, TOKEN_VARIABLE))[0]
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code")
        raise NotReachable(f"secret {name} cannot be read: {code}") from error
    except (SecretUnavailable, IndexError) as error:
        raise NotReachable(f"secret {name} holds no token") from error
