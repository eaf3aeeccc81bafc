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
# Partitions with domains of their own, the second for dual-stack; the isolated ones have no public
# documentation.
_SUFFIXES = {
    "cn": ("amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    "eusc": ("amazonaws.eu", "api.amazonwebservices.eu"),
}


def endpoint(service: str, region: str, env: Environment | None = None) -> str:
    """The service's address; its own variable wins over AWS_ENDPOINT_URL.

    Without either, AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT choose among AWS's own.
    Raises SettingInvalid, naming a variable that holds no address or one with a path, or a flag
    that is neither true nor false.
    """
    names = (_VARIABLES[service], "AWS_ENDPOINT_URL")
    name = next((each for each in names if environment.text(env, each)), None)
    if name is None:
        return f"https://{_host(service, region, env)}"
    own = environment.url(env, name)
    if urlsplit(own).path.strip("/"):
        raise SettingInvalid(name, "an address without a path: calls are signed for none")
    return own.rstrip("/")


def _host(service: str, region: str, env: Environment | None) -> str:
    """As botocore's rules have it: a test compares them."""
    partition = region.partition("-")[0]
    is_secrets, is_gov = service == "secretsmanager", region.startswith("us-gov-")
    is_dual = environment.flag(env, "AWS_USE_DUALSTACK_ENDPOINT")
    is_dual = is_dual and (partition == "eusc" or not is_secrets)  # its usual hosts are dual-stack
    is_fips = environment.flag(env, "AWS_USE_FIPS_ENDPOINT")
    is_fips = is_fips and (is_dual or is_secrets or not is_gov)  # there the usual hosts are FIPS
    suffixes = _SUFFIXES.get(partition, ("amazonaws.com", "api.aws"))
    return f"{service}{'-fips' if is_fips else ''}.{region}.{suffixes[is_dual]}"
