"""Functions: what runs, on what, with which settings, and where its log goes."""

import pytest

import config
from consumer.aws.client import LONGEST_CALL_SECONDS
from container import MARGIN_SECONDS, open_seconds
from tests.template.stack import Stack, named, template

FUNCTIONS = named("AWS::Lambda::Function")
READ_OUTSIDE_THE_SETTINGS = {"LOG_LEVEL", "SQS_QUEUE_URL", "INTELLIGENCE_API_SECRET_ID"}
READ_OUTSIDE_THE_SETTINGS |= {"TWILIO_AUTH_TOKEN_ID"}


class _Recorder(dict[str, str]):
    """An environment that remembers which of its variables were asked for."""

    def __init__(self, variables: dict[str, str]) -> None:
        super().__init__(variables)
        self.asked: set[str] = set()

    def get(self, key: str, default: str = "") -> str:  # type: ignore[override]
        self.asked.add(key)
        return super().get(key, default)


def _environment(stack: Stack, function: str) -> dict[str, str]:
    variables: dict[str, str] = stack.properties(function)["Environment"]["Variables"]
    return variables


def test_the_functions_bear_the_names_and_handlers_that_deployers_know(stack: Stack) -> None:
    functions = stack.of_type("AWS::Lambda::Function").values()
    assert {function["FunctionName"]: function["Handler"] for function in functions} == {
        "unc-queue-lambda": "queue_function.queue_handler",
        "unc-dynamo-lambda": "dynamo_function.dynamo_handler",
        "unc-intake-lambda": "intake_function.intake_handler",
    }


@pytest.mark.parametrize("name", FUNCTIONS)
def test_all_functions_run_the_same_zip(name: str) -> None:
    stack = Stack(CodeBucket="bucket", CodeKey="key")
    assert stack.properties(name)["Code"] == {"S3Bucket": "bucket", "S3Key": "key"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_memory_is_a_parameter(name: str) -> None:
    resized = Stack(**{f"{name}MemoryMegabytes": "512"})
    assert resized.properties(name)["MemorySize"] == "512"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_writes_into_its_own_log_group(stack: Stack, name: str) -> None:
    function = stack.properties(name)
    assert function["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": f"Ref:{name}Logs"}
    group = stack.properties(f"{name}Logs")
    assert group["LogGroupName"] == f"/aws/lambda/{function['FunctionName']}"


@pytest.mark.parametrize("name", ["QueueFunction", "DynamoFunction"])
def test_concurrency_is_reserved_only_when_asked_for(stack: Stack, name: str) -> None:
    assert "ReservedConcurrentExecutions" not in stack.properties(name)
    for reserved in ("2", "25"):
        function = Stack(**{f"{name}ReservedConcurrency": reserved}).properties(name)
        assert function["ReservedConcurrentExecutions"] == reserved


def _resources(stack: Stack, function: str) -> dict[str, str]:
    """The variables that name a resource of the stack."""
    variables = _environment(stack, function).items()
    return {name: value for name, value in variables if value.startswith("Ref:")}


def test_the_queue_function_knows_its_queues_and_tables(stack: Stack) -> None:
    assert _resources(stack, "QueueFunction") == {
        "SQS_QUEUE_URL": "Ref:Queue",
        "SQS_DLQ_URL": "Ref:DeadLetterQueue",
        "DYNAMODB_CHAT_TABLE": "Ref:ChatTable",
        "DYNAMODB_SESSION_TABLE": "Ref:SessionTable",
        "DYNAMODB_NOTIFICATION_TABLE": "Ref:NotificationTable",
    }


def test_the_notifier_knows_its_queues_and_tables(stack: Stack) -> None:
    assert _resources(stack, "DynamoFunction") == {
        "DYNAMODB_CHAT_TABLE": "Ref:ChatTable",
        "DYNAMODB_SESSION_TABLE": "Ref:SessionTable",
        "DYNAMODB_NOTIFICATION_TABLE": "Ref:NotificationTable",
        "REPLY_RETRY_QUEUE_URL": "Ref:ReplyRetryQueue",
        "REPLY_DLQ_URL": "Ref:ReplyDeadLetterQueue",
    }


NOTIFIER_PARAMETERS = {
    "LogLevel": ("LOG_LEVEL", "DEBUG"),
    "ReplyServiceUrl": ("REPLY_SERVICE_URL", "https://example.com/"),
    "ReplyTimeoutSeconds": ("REPLY_TIMEOUT_SECONDS", "12"),
    "ReplyMaxAttempts": ("REPLY_MAX_ATTEMPTS", "3"),
    "ReplyMaxConcurrency": ("REPLY_MAX_CONCURRENCY", "7"),
    "ResendUnknownOutcomes": ("RESEND_UNKNOWN_OUTCOMES", "true"),
    "SecretName": ("INTELLIGENCE_API_SECRET_ID", "another/secret"),
}
QUEUE_PARAMETERS = {
    "LogLevel": ("LOG_LEVEL", "DEBUG"),
    "ChatRetentionDays": ("CHAT_RETENTION_DAYS", "400"),
}
INTAKE_PARAMETERS = {
    "LogLevel": ("LOG_LEVEL", "DEBUG"),
    "PublicUrl": ("PUBLIC_URL", "https://bot.example.com/webhook"),
    "AuthTokenName": ("TWILIO_AUTH_TOKEN_ID", "another/token"),
}
REACHING = [
    *(("DynamoFunction", name, *given) for name, given in NOTIFIER_PARAMETERS.items()),
    *(("QueueFunction", name, *given) for name, given in QUEUE_PARAMETERS.items()),
    *(("IntakeFunction", name, *given) for name, given in INTAKE_PARAMETERS.items()),
]


@pytest.mark.parametrize(("function", "parameter", "variable", "value"), REACHING)
def test_a_parameter_reaches_its_function(
    function: str, parameter: str, variable: str, value: str
) -> None:
    assert _environment(Stack(**{parameter: value}), function)[variable] == value


NUMBERS = [
    (function, parameter)
    for function, parameter, *_ in REACHING
    if template()["Parameters"][parameter]["Type"] == "Number"
]


@pytest.mark.parametrize("bound", ["MinValue", "MaxValue"])
@pytest.mark.parametrize(("function", "parameter"), NUMBERS)
def test_the_code_takes_the_bounds_of_a_number(function: str, parameter: str, bound: str) -> None:
    value = str(template()["Parameters"][parameter][bound])
    assert SETTINGS[function](_deployed(function, **{parameter: value}))


def _without_defaults(variables: dict[str, str]) -> dict[str, str]:
    """Only what the code has no default for: names and addresses made by the stack."""
    return {name: value for name, value in variables.items() if value.startswith("https://stack/")}


def _deployed(function: str, **parameters: str) -> _Recorder:
    variables = _environment(Stack(**parameters), function).items()
    return _Recorder({name: value.replace("Ref:", "https://stack/") for name, value in variables})


SETTINGS = {
    "QueueFunction": config.queue_settings,
    "DynamoFunction": config.notifier_settings,
    "IntakeFunction": config.intake_settings,
}


@pytest.mark.parametrize("function", SETTINGS)
def test_the_code_s_defaults_are_the_template_s(function: str) -> None:
    variables = _deployed(function)
    bare = _without_defaults(variables)
    assert SETTINGS[function](variables) == SETTINGS[function](bare)
    assert set(variables) - variables.asked <= READ_OUTSIDE_THE_SETTINGS


def test_the_queue_function_s_timeout_holds_a_read_a_write_and_a_quarantine(stack: Stack) -> None:
    needed = 3 * LONGEST_CALL_SECONDS + MARGIN_SECONDS
    assert needed <= stack.properties("QueueFunction")["Timeout"]


def test_the_notifier_s_open_seconds_of_posts_fits_its_timeout(stack: Stack) -> None:
    longest = template()["Parameters"]["ReplyTimeoutSeconds"]["MaxValue"]
    assert longest == config.LONGEST_REPLY_SECONDS
    needed = open_seconds(longest) + 2 * MARGIN_SECONDS  # calls before and after the round
    assert needed <= stack.properties("DynamoFunction")["Timeout"]
