"""`unc deploy`, `unc diff` and `unc destroy` against an account of their own."""

import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.templates import broken_template
from tests.e2e.world import eventually, new_sender, write
from tests.template.stack import template
from unc.aws.connection import ACCOUNT_VARIABLE
from unc.aws.resources import read_resources
from unc.aws.session import Aws, local_aws
from unc.aws.tables import Tables
from unc.deploy.change_set import Change, execute_change_set
from unc.deploy.deployment import Plan, compare, deploy, propose
from unc.deploy.package import Package, build_package
from unc.deploy.parameters import VARIABLES
from unc.deploy.rollout import roll_out
from unc.deploy.stack_events import read_status
from unc.errors import DeployFailed
from unc.local.emulator import running_emulator
from unc.messages.send import send_messages
from unc.runner import run

pytestmark = pytest.mark.emulator

STACK = "unc-consumer"
REPLY_URL = "https://replies.example/reply/"


@dataclass
class Site:
    """An account, and what the last command printed."""

    aws: Aws
    capture: pytest.CaptureFixture[str]

    def unc(self, *arguments: str) -> tuple[int, str, str]:
        """Run a command; gives its exit code and what it printed."""
        self.capture.readouterr()
        code = run([*arguments])
        printed = self.capture.readouterr()
        return code, printed.out, printed.err

    def setting(self, name: str) -> str:
        found = self.aws.functions.get_function_configuration(FunctionName="unc-queue-lambda")
        return found["Environment"]["Variables"][name]

    def stacks(self) -> list[str]:
        found = self.aws.cloudformation.describe_stacks()["Stacks"]
        return [stack["StackName"] for stack in found]


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Site]:
    for variable in (*VARIABLES, ACCOUNT_VARIABLE):
        monkeypatch.delenv(variable, raising=False)
    with running_emulator() as emulator:
        monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.endpoint)
        monkeypatch.setenv("REPLY_SERVICE_URL", REPLY_URL)
        yield Site(local_aws(emulator.endpoint), capfd)


@pytest.fixture
def package(tmp_path: Path) -> Package:
    """Another build: one more file, so another key."""
    built = build_package()
    path = tmp_path / "other.zip"
    path.write_bytes(built.path.read_bytes())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("another_file.txt", "another build")
    return Package(path, "f" * 64, built.files + 1)


def test_another_stack_s_resources_are_not_taken_for_unmanaged(site: Site) -> None:
    """As a mistyped UNC_STACK would have it."""
    assert site.unc("deploy")[0] == 0
    with pytest.raises(DeployFailed, match=f"belongs to stack {STACK}"):
        roll_out(site.aws, Plan(build_package(), {}, stack="unc-consumr"), None, print, print)
    assert site.stacks() == [STACK]


def test_a_fresh_account_then_nothing_then_a_parameter(site: Site) -> None:
    code, out, err = site.unc("deploy", "--json")
    assert code == 0
    assert json.loads(out)["ChatTableName"] == "chats"
    assert "+ ChatTable" in err
    code, out, err = site.unc("deploy")
    assert (code, "nothing changes" in err) == (0, True)
    assert "unc-consumer-queue.fifo" in out
    shown = site.unc("diff", "--set", "LogLevel=DEBUG")[1]
    assert "~ QueueFunction" in shown and shown.endswith(" changed\n")
    assert site.setting("LOG_LEVEL") == "INFO"
    assert site.unc("deploy", "--set", "LogLevel=DEBUG")[0] == 0
    assert site.setting("LOG_LEVEL") == "DEBUG"
    assert site.unc("diff")[1] == (f"the laptop: {site.aws.endpoint}\nnothing changes\n"), (
        "what was chosen stays chosen"
    )


def test_a_diff_of_an_empty_account_leaves_it_empty(site: Site) -> None:
    code, out, _ = site.unc("diff")
    assert (code, "+ Queue " in out) == (0, True)
    assert site.stacks() == []
    assert site.unc("deploy", "--dry-run")[1] == out


def test_a_first_deployment_wants_to_be_told_where_texts_go(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Later ones need not be: the stack knows it."""
    default = template()["Parameters"]["ReplyServiceUrl"]["Default"]
    monkeypatch.delenv("REPLY_SERVICE_URL")
    code, out, err = site.unc("deploy")
    assert (code, site.stacks()) == (2, [])
    assert f"the secret INTELLIGENCE_API_SECRET go to {default}" in err
    assert "--set ReplyServiceUrl=https://…" in err.splitlines()[-1]
    code, out, _ = site.unc("deploy", "--dry-run")
    assert (code, f"INTELLIGENCE_API_SECRET go to {default}\n" in out) == (0, True)
    said = json.loads(site.unc("diff", "--json")[1])["reply_service"]
    assert said == {"url": default, "secret": "INTELLIGENCE_API_SECRET", "is_said": False}
    code, _, err = site.unc("deploy", "--set", f"ReplyServiceUrl={default}")
    assert (code, f"go to {default}" in err) == (0, True), "who runs that service says so"
    assert "go to" not in site.unc("diff")[1]
    assert site.unc("deploy")[0] == 0
    notifier = site.aws.functions.get_function_configuration(FunctionName="unc-dynamo-lambda")
    assert notifier["Environment"]["Variables"]["REPLY_SERVICE_URL"] == default


def test_another_build_replaces_the_code(site: Site, package: Package) -> None:
    assert site.unc("deploy")[0] == 0
    before = _code(site)
    shown: list[Change] = []
    deploy(site.aws, Plan(package, {}), _ignore, shown.extend)
    changed = {change.resource for change in shown if "Code" in change.properties}
    assert changed - {"IntakeFunction"} == {"QueueFunction", "DynamoFunction"}
    assert _code(site) != before


def test_a_failing_change_names_itself_and_leaves_what_was_there(
    site: Site, tmp_path: Path
) -> None:
    assert site.unc("deploy")[0] == 0
    lines: list[str] = []
    plan = Plan(build_package(), {"LogLevel": "DEBUG"}, template=broken_template(tmp_path))
    with pytest.raises(DeployFailed, match=r"^Broken failed: .*fifo"):
        deploy(site.aws, plan, lines.append)
    assert any("Broken failed: " in line for line in lines), "said when it happens, not at the end"
    assert read_status(site.aws, STACK) == "UPDATE_ROLLBACK_COMPLETE"
    assert site.setting("LOG_LEVEL") == "INFO"
    assert site.unc("deploy", "--set", "LogLevel=DEBUG")[0] == 0
    assert site.setting("LOG_LEVEL") == "DEBUG"


def test_a_first_deployment_that_failed_is_simply_done_again(site: Site, tmp_path: Path) -> None:
    with pytest.raises(DeployFailed, match="Broken"):
        deploy(site.aws, Plan(build_package(), {}, template=broken_template(tmp_path)), _ignore)
    assert site.aws.dynamodb.list_tables()["TableNames"] == [], "what was made a moment ago goes"
    assert site.unc("diff")[0] == 5, "to look at it does not remove what is left of it"
    assert read_status(site.aws, STACK) == "ROLLBACK_COMPLETE"
    code, _, err = site.unc("deploy")
    assert (code, "ROLLBACK_COMPLETE; removing what is left" in err) == (0, True)
    _assert_works(site)


def test_a_run_that_was_cut_off_before_it_began_is_no_hindrance(site: Site) -> None:
    """The change set is made and never carried out: a stack in review stays behind."""
    assert compare(site.aws, Plan(build_package(), {})) is not None
    assert read_status(site.aws, STACK) == "REVIEW_IN_PROGRESS"
    assert site.unc("deploy")[0] == 0
    _assert_works(site)


def test_what_another_run_has_under_way_is_waited_for(site: Site) -> None:
    plan = Plan(build_package(), {})
    change_set = propose(site.aws, plan)
    assert change_set is not None
    execute_change_set(site.aws, change_set)
    assert site.unc("deploy", "--set", "LogLevel=DEBUG")[0] == 0
    assert site.setting("LOG_LEVEL") == "DEBUG"
    _assert_works(site)


def test_a_change_that_would_lose_a_table_is_refused(site: Site) -> None:
    assert site.unc("deploy")[0] == 0
    code, _, err = site.unc("deploy", "--set", "SessionTableName=others")
    assert code == 5
    assert "SessionTable would be replaced" in err
    assert site.setting("DYNAMODB_SESSION_TABLE") == "sessions"


@pytest.mark.parametrize(
    ("setting", "code", "reason"),
    [
        ("Nonsense=1", 2, "the template has no parameter Nonsense"),
        ("LogLevel", 2, "LogLevel is no setting"),
        ("CodeKey=x", 2, "CodeKey is set by the deployment itself"),
        ("LogLevel=LOUD", 5, "LogLevel"),
    ],
)
def test_a_mistaken_setting_is_one_line(site: Site, setting: str, code: int, reason: str) -> None:
    found, _, err = site.unc("deploy", "--set", setting)
    assert found == code
    assert reason in err.splitlines()[-1]
    assert site.stacks() == []


def test_another_account_than_the_one_meant_is_left_alone(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ACCOUNT_VARIABLE, "123456789012")
    for command in ("deploy", "diff", "destroy"):
        code, _, err = site.unc(command)
        assert (code, "account 000000000000" in err) == (2, True)
    monkeypatch.setenv(ACCOUNT_VARIABLE, "000000000000")
    assert site.unc("diff")[0] == 0


def test_names_come_from_the_environment(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUEUE_NAME", "inbox")
    monkeypatch.setenv("DYNAMODB_CHAT_TABLE", "talks")
    code, out, _ = site.unc("deploy", "--json")
    assert code == 0
    outputs = json.loads(out)
    assert outputs["QueueUrl"].endswith("/inbox.fifo")
    assert outputs["ChatTableName"] == "talks"


def test_destroy_stops_at_data_and_goes_on_by_name(site: Site) -> None:
    assert site.unc("deploy")[0] == 0
    _put_session(site)
    code, _, err = site.unc("destroy", "--yes")
    assert (code, "sessions holds data" in err) == (1, True)
    assert site.unc("destroy", "--yes", "--delete", "nonsense")[0] == 2
    assert site.stacks() == [STACK]
    code, out, _ = site.unc("destroy", "--yes", "--delete", "sessions")
    assert code == 0
    assert "aws s3 rb" in out
    assert site.aws.dynamodb.list_tables()["TableNames"] == []
    assert site.aws.sqs.list_queues().get("QueueUrls", []) == []
    assert site.stacks() == []


def test_what_is_kept_is_taken_over_by_the_next_deployment(site: Site) -> None:
    assert site.unc("deploy")[0] == 0
    _put_session(site)
    code, out, _ = site.unc("destroy", "--yes", "--keep", "sessions", "--json")
    assert (code, json.loads(out)["keep"]) == (0, ["sessions"])
    assert site.aws.dynamodb.list_tables()["TableNames"] == ["sessions"]
    code, _, err = site.unc("deploy")
    assert code == 0, err
    assert "found, made without a stack: table sessions" in err
    assert len(site.aws.dynamodb.scan(TableName="sessions")["Items"]) == 1
    _assert_works(site)


def test_without_a_person_destroy_asks_for_a_word(site: Site) -> None:
    assert site.unc("deploy")[0] == 0
    code, _, err = site.unc("destroy")
    assert (code, "--yes" in err) == (2, True)
    assert site.stacks() == [STACK]


def _assert_works(site: Site) -> None:
    """A message sent now is stored."""
    resources = read_resources(site.aws)
    message = write(new_sender(), "it works")
    send_messages(site.aws, resources.queue, [message], one_group=False)
    key = (message.sender_id, message.message_id)
    tables = Tables(site.aws, resources)
    eventually(lambda: bool(tables.read_chats([key])), "the message is stored")


def _put_session(site: Site) -> None:
    item = {"session_id": "one", "sender_id": "s", "status": "active"}
    typed = {name: {"S": value} for name, value in item.items()}
    site.aws.dynamodb.put_item(
        TableName="sessions", Item=typed | {"created_at": {"N": "1795000000"}}
    )


def _code(site: Site) -> str:
    found = site.aws.functions.get_function_configuration(FunctionName="unc-queue-lambda")
    return found["CodeSha256"]


def _ignore(line: str) -> None:
    """Ignore it."""
