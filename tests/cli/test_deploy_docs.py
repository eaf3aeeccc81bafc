"""What the pages of docs/howto say about deployments is so."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.support.iam import RIGHTS_TO_DESTROY, actions_of, statements_of
from tests.template.stack import Stack, named, template
from unc.deploy.parameters import VARIABLES
from unc.runner import run

HOWTO = Path(__file__).parents[2] / "docs" / "howto"
COST = (HOWTO / "cost.md").read_text()
FIRST = (HOWTO / "first-deployment.md").read_text()
COSTS = re.findall(r"^\| ([0-9,]+) \| ([0-9.]+) \|$", COST, re.MULTILINE)
TRACED = [Stack().properties(name) for name in ("QueueFunction", "DynamoFunction")]


@pytest.mark.parametrize(
    "task",
    [
        "first-deployment",
        "takeover",
        "upgrade",
        "rollback",
        "rotate-the-secret",
        "cost",
        "remove",
    ],
)
def test_there_is_a_page_on(task: str) -> None:
    assert (HOWTO / f"{task}.md").read_text().startswith("# ")


def test_the_index_names_every_page() -> None:
    linked = set(re.findall(r"\]\(([a-z-]+\.md)\)", (HOWTO / "README.md").read_text()))
    assert linked == {page.name for page in HOWTO.glob("*.md")} - {"README.md"}


def test_the_costs_are_of_three_sizes() -> None:
    assert [messages for messages, _ in COSTS] == ["10,000", "1,000,000", "100,000,000"]


@pytest.mark.parametrize(("messages", "dollars"), COSTS)
def test_a_month_costs_what_the_cost_model_says(
    messages: str, dollars: str, capsys: pytest.CaptureFixture[str]
) -> None:
    count = int(messages.replace(",", ""))
    load = ["--messages", str(count), "--senders", str(count // 100), "--batch", "1"]
    assert "`--batch 1`" in COST and run(["cost", *load, "--json"]) == 0
    reckoned = json.loads(capsys.readouterr().out)["dollars_a_month"]["ours"]["all"]
    assert float(dollars) == pytest.approx(reckoned, rel=0.02), "give it two digits"


def test_what_the_model_leaves_out_is_said() -> None:
    assert [name for name in ("X-Ray", "REPORT", "storage") if name not in COST] == []
    assert all(each["TracingConfig"] == {"Mode": "Active"} for each in TRACED)


def test_a_table_whose_protection_hinders_a_rollback_can_be_freed_by_hand() -> None:
    assert "`ROLLBACK_FAILED`" in FIRST and "--no-deletion-protection-enabled" in FIRST


def test_the_wait_behind_a_dead_invocation_is_the_queue_s_timeout() -> None:
    seconds = Stack().properties("Queue")["VisibilityTimeout"]
    assert f"visibility timeout of {seconds} s" in (HOWTO / "alarms.md").read_text()


def test_every_variable_that_sets_a_name_is_named() -> None:
    assert [variable for variable in VARIABLES if f"`{variable}`" not in FIRST] == []


def _rights(text: str) -> set[str]:
    """The rights in a table: a service, and in the last column its actions."""
    rows = re.findall(r"^\| `([a-z0-9]+)` \|.* \| ([^|]+) \|$", text, re.MULTILINE) + re.findall(
        r"^\| `([a-z0-9]+)` \| ([^|]+) \|$", text, re.MULTILINE
    )
    return {
        f"{service}:{name}" for service, names in rows for name in re.findall(r"`(\w+)`", names)
    }


def test_the_rights_that_a_person_needs_are_those_of_the_role_that_deploys() -> None:
    """That role's are held against the calls, in tests/e2e/test_deploy_rights.py."""
    section = FIRST.partition("## The rights that you need\n")[2].partition("\n## ")[0]
    deploying, _, looking = section.partition("For `unc diff`")
    secret = {"secretsmanager:CreateSecret"}
    assert _rights(deploying) == actions_of(statements_of("DeployRole")) | secret
    assert _rights(looking) == actions_of(statements_of("LookRole"))
    assert "aws secretsmanager create-secret" in FIRST
    assert set(re.findall(r"`(dynamodb:\w+)`", looking.partition("`make destroy`")[2])) == set(
        RIGHTS_TO_DESTROY
    )


def test_the_alarms_are_counted_right() -> None:
    alarms = [template()["Resources"][name] for name in named("AWS::CloudWatch::Alarm")]
    conditions = Counter(alarm.get("Condition", "") for alarm in alarms)
    assert conditions[""] + conditions["HasComputedAlarms"] == 16
    assert (conditions["HasIntake"], conditions["HasSilenceAlarm"]) == (5, 1)
    assert sum(conditions.values()) == 22
    assert "sixteen alarms (five more with the intake, one with `AlarmAfterSilentHours`)" in COST
