"""The intake: all of it only when it is switched on, and open to whoever calls its URL."""

from typing import Any

import pytest

from container import INTAKE_READ_SECONDS
from handlers.intake_handler import INTAKE_SECONDS, SECONDS_TO_ANSWER
from tests.template.stack import ACCOUNT, REGION, Stack, template
from unc.deploy.concurrency import RETRIES_BESIDE_INTAKE

INTAKE = {
    part: {name for name, spec in template()[part].items() if spec.get("Condition") == "HasIntake"}
    for part in ("Resources", "Outputs")
}
ON = Stack(WebhookIntake="true")


def _condition(stack: Stack, name: str) -> bool:
    found: bool = stack.resolve(template()["Conditions"][name])
    return found


def test_it_is_off_unless_switched_on() -> None:
    assert not _condition(Stack(), "HasIntake")
    assert _condition(ON, "HasIntake")


@pytest.mark.parametrize("part", INTAKE)
def test_everything_of_it_is_left_out_when_it_is_off(part: str) -> None:
    bears_its_name = {name for name in template()[part] if name.startswith(("Intake", "Webhook"))}
    assert bears_its_name | {"SignaturesRejectedAlarm"} >= INTAKE[part] >= bears_its_name


def test_without_it_nothing_of_the_stack_knows_of_it() -> None:
    stack = Stack()
    for name in template()["Resources"].keys() - INTAKE["Resources"]:
        text = str(stack.properties(name))
        assert not [each for each in INTAKE["Resources"] if f"Ref:{each}" in text], name
        assert "Webhook" not in text, name


def test_its_role_sends_to_the_one_queue_and_reads_the_one_secret() -> None:
    stack = Stack(WebhookIntake="true", AuthTokenName="team/token")
    [policy] = stack.properties("IntakeFunctionRole")["Policies"]
    grants = {each["Sid"]: each for each in policy["PolicyDocument"]["Statement"]}
    assert grants.keys() == {"WriteOwnLogs", "SendTraces", "QueueWebhooks", "ReadAuthToken"}
    assert _grant(grants["QueueWebhooks"]) == (
        "sqs:SendMessage",
        f"arn:aws:sqs:{REGION}:{ACCOUNT}:unc-consumer-queue.fifo",
    )
    assert _grant(grants["ReadAuthToken"]) == (
        "secretsmanager:GetSecretValue",
        f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:team/token-??????",
    )
    assert _grant(grants["WriteOwnLogs"])[1] == "IntakeFunctionLogs.Arn"


def _grant(statement: dict[str, Any]) -> tuple[Any, Any]:
    return statement["Action"], statement["Resource"]


def test_its_url_has_both_permissions_that_a_call_without_a_role_needs() -> None:
    assert ON.properties("IntakeUrl") == {
        "TargetFunctionArn": "IntakeFunction.Arn",
        "AuthType": "NONE",
        "InvokeMode": "BUFFERED",
    }
    anybody = {"FunctionName": "Ref:IntakeFunction", "Principal": "*"}
    assert ON.properties("IntakeUrlPermission") == anybody | {
        "Action": "lambda:InvokeFunctionUrl",
        "FunctionUrlAuthType": "NONE",
    }
    assert ON.properties("IntakeInvokePermission") == anybody | {
        "Action": "lambda:InvokeFunction",
        "InvokedViaFunctionUrl": True,
    }


def test_its_address_is_an_output() -> None:
    assert ON.outputs()["WebhookUrl"] == "IntakeUrl.FunctionUrl"
    assert INTAKE["Outputs"] == {"IntakeFunctionName", "WebhookUrl"}


def test_it_knows_its_queue() -> None:
    variables = ON.properties("IntakeFunction")["Environment"]["Variables"]
    assert variables["SQS_QUEUE_URL"] == "Ref:Queue"


def test_it_has_no_limit_of_its_own_unless_it_is_given_one() -> None:
    """Above a limit a request gets 429, which Twilio does not bring again by itself."""
    assert "ReservedConcurrentExecutions" not in ON.properties("IntakeFunction")
    given = Stack(WebhookIntake="true", IntakeReservedConcurrency="500")
    assert given.properties("IntakeFunction")["ReservedConcurrentExecutions"] == "500"


def test_all_other_functions_are_limited_so_that_they_leave_it_its_share() -> None:
    limits = {
        name: ON.properties(name)["ScalingConfig"]["MaximumConcurrency"]
        for name in ("QueueMapping", "RetryMapping")
    }
    assert limits == {"QueueMapping": "50", "RetryMapping": RETRIES_BESIDE_INTAKE}
    assert ON.properties("StreamMapping")["ParallelizationFactor"] == 10


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"WebhookIntake": "true", "IntakeReservedConcurrency": "100"},
        {"WebhookIntake": "true", "DynamoFunctionReservedConcurrency": "20"},
    ],
)
def test_retries_are_not_limited_where_the_intake_has_its_share_in_another_way(
    parameters: dict[str, str],
) -> None:
    assert "ScalingConfig" not in Stack(**parameters).properties("RetryMapping")


def test_a_limit_of_the_retries_that_was_chosen_stays() -> None:
    chosen = Stack(WebhookIntake="true", RetryMaximumConcurrency="10")
    assert chosen.properties("RetryMapping")["ScalingConfig"] == {"MaximumConcurrency": 10}


def test_lambda_lets_it_answer_after_its_ten_seconds() -> None:
    timeout = ON.properties("IntakeFunction")["Timeout"]
    assert INTAKE_SECONDS + SECONDS_TO_ANSWER <= timeout < 15
    assert INTAKE_READ_SECONDS < INTAKE_SECONDS / 2


def test_its_duration_alarm_rings_before_twilio_gives_up() -> None:
    assert ON.properties("IntakeDurationAlarm")["Threshold"] <= 1000 * INTAKE_SECONDS / 2
