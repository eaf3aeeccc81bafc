"""Where an AWS service is called: at AWS, or where the SDK's own variables say.

Variables: https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
"""

from urllib.parse import urlsplit

from consumer import environment
from consumer.environment import Environment
from consumer.errors import SettingInvalid

_VARIABLES = {
    "dynamodb": "AWS_ENDPOINT_URL_DYNAMODB",
    "sqs": "AWS_ENDPOINT_URL_SQS",
    "secretsmanager": "AWS_ENDPOINT_URL_SECRETS_MANAGER",
}
# Partitions with domains of their own; the isolated ones have no public documentation.
_SUFFIXES = {"cn": "amazonaws.com.cn", "eusc": "amazonaws.eu"}


def endpoint(service: str, region: str, env: Environment | None = None) -> str:
    """The service's address; its own variable wins over AWS_ENDPOINT_URL.

    Raises SettingInvalid, naming a variable that holds no address or one with a path.
    """
    names = (_VARIABLES[service], "AWS_ENDPOINT_URL")
    name = next((each for each in names if environment.text(env, each)), None)
    if name is None:
        suffix = _SUFFIXES.get(region.partition("-")[0], "amazonaws.com")
        return f"https://{service}.{region}.{suffix}"
    own = environment.url(env, name)
    if urlsplit(own).path.strip("/"):
        raise SettingInvalid(name, "an address without a path: calls are signed for none")
    return own.rstrip("/")
