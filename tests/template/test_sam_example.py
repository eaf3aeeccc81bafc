"""The app that includes the consumer: it becomes plain CloudFormation, and its names are right."""

import json
import re
from typing import Any

import pytest
from cfnlint.api import lint_file  # type: ignore[import-untyped]
from samtranslator.translator.transform import transform  # type: ignore[import-untyped]

from tests.template.stack import TEMPLATE_PATH, template

PATH = TEMPLATE_PATH.parents[1] / "examples" / "sam" / "template.yaml"


class ManagedPolicies:
    """Names of managed policies would come from IAM; the app uses none."""

    def load(self) -> dict[str, str]:
        """Return none."""
        return {}


@pytest.fixture(scope="module")
def synthesized() -> dict[str, Any]:
    """The app as SAM's own translator writes it, once `sam deploy` has uploaded the code."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        source = json.loads(json.dumps(template(PATH)))
        source["Resources"]["ReplyService"]["Properties"]["CodeUri"] = "s3://bucket/code.zip"
        plain: dict[str, Any] = transform(source, {}, ManagedPolicies())
    return plain


def test_cfn_lint_objects_to_nothing() -> None:
    assert [str(match) for match in lint_file(PATH)] == []


def test_it_becomes_plain_cloudformation(synthesized: dict[str, Any]) -> None:
    types = {each["Type"] for each in synthesized["Resources"].values()}
    assert "Transform" not in synthesized
    assert {"AWS::CloudFormation::Stack", "AWS::Lambda::Function", "AWS::Lambda::Url"} <= types
    assert not {kind for kind in types if kind.startswith("AWS::Serverless")}


def test_it_gives_the_consumer_s_template_parameters_that_it_takes(
    synthesized: dict[str, Any],
) -> None:
    consumer = synthesized["Resources"]["Consumer"]["Properties"]
    taken = template()["Parameters"]
    assert (
        PATH.parent / template(PATH)["Resources"]["Consumer"]["Properties"]["TemplateURL"]
    ).resolve() == TEMPLATE_PATH
    needed = {name for name, each in taken.items() if "Default" not in each}
    assert needed <= set(consumer["Parameters"]) <= set(taken)


def test_what_it_refers_to_is_there(synthesized: dict[str, Any]) -> None:
    text = json.dumps(synthesized)
    outputs = re.findall(r'"Consumer", "Outputs\.(\w+)"', text)
    assert set(outputs) <= set(template()["Outputs"])
    for table in ("ChatTableName", "SessionTableName"):
        default = template()["Parameters"][table]["Default"]
        assert template(PATH)["Parameters"][table]["Default"] == default
    indexes = set(re.findall(r"/index/(\w+)", text))
    assert indexes == {"SessionIndex", "SenderSessionsIndex"}


def test_the_function_is_the_other_example_s() -> None:
    function = template(PATH)["Resources"]["ReplyService"]["Properties"]
    module, name = function["Handler"].split(".")
    source = PATH.parent / function["CodeUri"] / f"{module}.py"
    assert f"\ndef {name}(event, context):\n" in source.read_text()
