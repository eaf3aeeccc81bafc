"""Functions: what runs, on what, with which settings, and where its log goes."""

import pytest

import config
from tests.template.stack import Stack, named, template

FUNCTIONS = ["QueueFunction", "DynamoFunction"]
# Runtimes that AWS keeps current, on Amazon Linux 2023.
CURRENT_RUNTIMES = {"python3.12", "python3.13", "python3.14"}
READ_OUTSIDE_THE_SETTINGS = {"LOG_LEVEL", "SQS_QUEUE_URL", "INTELLIGENCE_API_SECRET_ID"}


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


def test_there_are_two_functions() -> None:
    assert named("AWS::Lambda::Function") == FUNCTIONS


def test_the_functions_bear_the_names_and_handlers_that_deployers_know(stack: Stack) -> None:
    functions = stack.of_type("AWS::Lambda::Function").values()
    assert {function["FunctionName"]: function["Handler"] for function in functions} == {
        "unc-queue-lambda": "queue_function.queue_handler",
        "unc-dynamo-lambda": "dynamo_function.dynamo_handler",
    }


@pytest.mark.parametrize("name", FUNCTIONS)
def test_both_functions_run_the_same_zip(name: str) -> None:
    stack = Stack(CodeBucket="bucket", CodeKey="key")
    assert stack.properties(name)["Code"] == {"S3Bucket": "bucket", "S3Key": "key"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_runs_a_current_python_on_arm(stack: Stack, name: str) -> None:
    function = stack.properties(name)
    assert function["Runtime"] in CURRENT_RUNTIMES
    assert function["Architectures"] == ["arm64"]


def test_the_functions_end_after_half_a_minute_and_a_minute(stack: Stack) -> None:
    assert [stack.properties(name)["Timeout"] for name in FUNCTIONS] == [30, 90]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_memory_is_a_parameter(stack: Stack, name: str) -> None:
    assert stack.properties(name)["MemorySize"] == 256
    resized = Stack(**{f"{name}MemoryMegabytes": "512"})
    assert resized.properties(name)["MemorySize"] == "512"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_traced(stack: Stack, name: str) -> None:
    assert stack.properties(name)["TracingConfig"] == {"Mode": "Active"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_writes_into_its_own_log_group_for_thirty_days(stack: Stack, name: str) -> None:
    function = stack.properties(name)
    assert function["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": f"Ref:{name}Logs"}
    group = stack.properties(f"{name}Logs")
    assert group["LogGroupName"] == f"/aws/lambda/{function['FunctionName']}"
    assert group["RetentionInDays"] == 30


@pytest.mark.parametrize("name", FUNCTIONS)
def test_concurrency_is_reserved_only_when_asked_for(stack: Stack, name: str) -> None:
    assert "ReservedConcurrentExecutions" not in stack.properties(name)
    for reserved in ("0", "25"):
        function = Stack(**{f"{name}ReservedConcurrency": reserved}).properties(name)
        assert function["ReservedConcurrentExecutions"] == reserved


def test_the_queue_function_is_told_where_to_read_and_write(stack: Stack) -> None:
    assert _environment(stack, "QueueFunction") == {
        "LOG_LEVEL": "INFO",
        "SQS_QUEUE_URL": "Ref:Queue",
        "SQS_DLQ_URL": "Ref:DeadLetterQueue",
        "MAX_RECEIVE_COUNT": "10",
        "DYNAMODB_CHAT_TABLE": "Ref:ChatTable",
        "DYNAMODB_SESSION_TABLE": "Ref:SessionTable",
        "CHAT_RETENTION_DAYS": "0",
    }


def test_the_notifier_is_told_whom_to_tell_and_where_to_park(stack: Stack) -> None:
    assert _environment(stack, "DynamoFunction") == {
        "LOG_LEVEL": "INFO",
        "DYNAMODB_CHAT_TABLE": "Ref:ChatTable",
        "DYNAMODB_SESSION_TABLE": "Ref:SessionTable",
        "DYNAMODB_NOTIFICATION_TABLE": "Ref:NotificationTable",
        "REPLY_SERVICE_URL": "https://intelligence.theuncproject.com/reply/",
        "REPLY_TIMEOUT_SECONDS": "30",
        "REPLY_RETRY_QUEUE_URL": "Ref:ReplyRetryQueue",
        "REPLY_DLQ_URL": "Ref:ReplyDeadLetterQueue",
        "REPLY_MAX_ATTEMPTS": "12",
        "REPLY_MAX_CONCURRENCY": "100",
        "RESEND_UNKNOWN_OUTCOMES": "false",
        "INTELLIGENCE_API_SECRET_ID": "INTELLIGENCE_API_SECRET",
    }


@pytest.mark.parametrize(
    ("parameter", "variable", "value"),
    [
        ("LogLevel", "LOG_LEVEL", "DEBUG"),
        ("ReplyServiceUrl", "REPLY_SERVICE_URL", "https://example.com/"),
        ("ReplyTimeoutSeconds", "REPLY_TIMEOUT_SECONDS", "12"),
        ("ReplyMaxAttempts", "REPLY_MAX_ATTEMPTS", "3"),
        ("ReplyMaxConcurrency", "REPLY_MAX_CONCURRENCY", "7"),
        ("ResendUnknownOutcomes", "RESEND_UNKNOWN_OUTCOMES", "true"),
        ("SecretName", "INTELLIGENCE_API_SECRET_ID", "another/secret"),
    ],
)
def test_a_parameter_reaches_the_notifier(parameter: str, variable: str, value: str) -> None:
    assert _environment(Stack(**{parameter: value}), "DynamoFunction")[variable] == value


def _without_defaults(variables: dict[str, str]) -> dict[str, str]:
    """Only what the code has no default for: names and addresses made by the stack."""
    return {name: value for name, value in variables.items() if value.startswith("https://stack/")}


def _deployed(function: str) -> _Recorder:
    variables = _environment(Stack(), function).items()
    return _Recorder({name: value.replace("Ref:", "https://stack/") for name, value in variables})


def test_the_queue_function_s_defaults_are_the_template_s() -> None:
    variables = _deployed("QueueFunction")
    bare = _without_defaults(variables)
    assert config.queue_settings(variables) == config.queue_settings(bare)
    assert set(variables) - variables.asked <= READ_OUTSIDE_THE_SETTINGS


def test_the_notifier_s_defaults_are_the_template_s() -> None:
    variables = _deployed("DynamoFunction")
    bare = _without_defaults(variables)
    assert config.notifier_settings(variables) == config.notifier_settings(bare)
    assert set(variables) - variables.asked <= READ_OUTSIDE_THE_SETTINGS


def test_the_notifier_ends_later_than_one_reply_may_take() -> None:
    longest = template()["Parameters"]["ReplyTimeoutSeconds"]["MaxValue"]
    assert longest + 10 <= Stack().properties("DynamoFunction")["Timeout"]


def test_no_secret_is_made_or_carried_by_the_template(stack: Stack) -> None:
    assert named("AWS::SecretsManager::Secret") == []
    for name in FUNCTIONS:
        assert "INTELLIGENCE_API_SECRET" not in _environment(stack, name)
