"""The roles of infra/github.yaml hold what the commands ask for, and nothing that nobody asks for.

The commands run through a proxy that refuses what the role may not do. What CloudFormation itself
calls with the role is held by tests/template/test_deploy_role.py.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from tests.e2e.iam_guard import Guard, guarding
from tests.e2e.legacy_consumer.world import running_legacy_world
from tests.support.iam import RIGHTS_TO_DESTROY, Call, actions_of, statements_of
from tests.template.deploy_role import TYPES, made_for
from tests.template.stack import ACCOUNT, REGION
from unc.aws.connection import ACCOUNT_VARIABLE
from unc.deploy.parameters import VARIABLES
from unc.local.emulator import running_emulator
from unc.runner import run

pytestmark = pytest.mark.emulator

ANY_STACK = Call("cloudformation:DescribeStacks", "*")
STACK = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/unc-consumer/1"
# For what only AWS or trouble asks, each with the place that does.
ELSEWHERE = {
    "cloudformation:ContinueUpdateRollback",  # stack_state.py, after a rollback that stopped
    "cloudformation:DeleteStack",  # stack_state.py, after a creation that failed
    "cloudformation:DescribeEvents",  # refusal.py, after a refused change set
    "cloudformation:DescribeStackEvents",  # stack_state.py, while another run is under way
    "kms:DescribeKey",  # keys.py, where something is encrypted with a key
    "kms:GetKeyPolicy",  # keys.py, where that key is the customer's
    "cloudformation:GetTemplate",  # import_template.py, after an interrupted import
}


@dataclass
class Account:
    """An account behind the rights of a role."""

    monkeypatch: pytest.MonkeyPatch
    endpoint: str

    def run(self, role: str, *commands: list[str], beside: Sequence[str] = ()) -> Guard:
        """Run commands one after the other; each has to succeed. `beside` are further rights."""
        further = [{"Action": list(beside), "Resource": "*"}]
        with guarding(self.endpoint, [*statements_of(role), *further]) as guard:
            self.monkeypatch.setenv("AWS_ENDPOINT_URL", guard.url)
            for command in commands:
                assert run(command) == 0, (command, guard.refused)
        return guard


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    for variable in (*VARIABLES, ACCOUNT_VARIABLE):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("REPLY_SERVICE_URL", "https://replies.example/reply/")
    with running_emulator() as emulator:
        yield Account(monkeypatch, emulator.endpoint)


def _calls_of_the_tool(guards: list[Guard]) -> set[str]:
    return {call.action for guard in guards for call in guard.allowed}


def test_each_role_holds_what_its_commands_ask_for_and_nothing_else(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = account.run("LookRole", ["diff"])
    # The empty stack that a comparison makes stays behind.
    assert fresh.refused == {Call("cloudformation:DeleteStack", STACK)}
    made = account.run("DeployRole", ["deploy"], ["deploy", "--set", "LogLevel=DEBUG"])
    later = account.run("LookRole", ["diff", "--set", "WebhookIntake=true"])
    assert (made.refused, later.refused) == (set(), set())
    with running_legacy_world(monkeypatch) as world:
        legacy = Account(monkeypatch, str(world.aws.endpoint))
        seen = legacy.run("LookRole", ["diff"])
        assert {call.action for call in seen.refused} == {
            "cloudformation:DescribeStacks",
            "cloudformation:DeleteStack",
            "lambda:GetFunction",
            "lambda:GetFunctionConfiguration",
        }
        address = f"ReplyServiceUrl={world.reply.url}"
        taken = legacy.run("DeployRole", ["deploy", "--set", address])
        assert taken.refused <= {ANY_STACK}
        world.exchange("after a takeover with the role's rights")
    looking = _calls_of_the_tool([fresh, later, seen])
    assert actions_of(statements_of("LookRole")) - looking <= ELSEWHERE
    deploying = looking | _calls_of_the_tool([made, taken])
    by_cloudformation = {action for kind in TYPES for action in made_for(kind)}
    assert actions_of(statements_of("DeployRole")) - deploying - by_cloudformation <= ELSEWHERE


def test_a_person_may_destroy_with_two_rights_more(account: Account) -> None:
    account.run("DeployRole", ["deploy"])
    gone = account.run("DeployRole", ["destroy", "--yes"], beside=RIGHTS_TO_DESTROY)
    assert gone.refused == set()
    assert set(RIGHTS_TO_DESTROY) <= _calls_of_the_tool([gone])


def test_what_a_role_lacks_is_refused(account: Account) -> None:
    """Otherwise the proxy would show nothing."""
    with guarding(account.endpoint, statements_of("LookRole")) as guard:
        account.monkeypatch.setenv("AWS_ENDPOINT_URL", guard.url)
        assert run(["deploy"]) != 0
    bucket = f"arn:aws:s3:::unc-consumer-code-{ACCOUNT}-{REGION}"
    assert guard.refused == {Call("s3:CreateBucket", bucket)}
