"""What CloudFormation itself would say about the template."""

import json
import re
from pathlib import Path
from typing import Any

import yaml
from cfnlint.api import lint_file  # type: ignore[import-untyped]

from tests.template.stack import TEMPLATE_PATH, Loader, template
from unc.deploy.code_bucket import INLINE_TEMPLATE_BYTES, compact_template


def _objections(path: Path) -> list[str]:
    return [
        f"{match.rule.id} line {match.linenumber}: {match.message}" for match in lint_file(path)
    ]


def test_cfn_lint_objects_to_nothing() -> None:
    assert _objections(TEMPLATE_PATH) == []


def test_cfn_lint_would_object_to_a_broken_reference(tmp_path: Path) -> None:
    broken = tmp_path / "template.yaml"
    broken.write_text(TEMPLATE_PATH.read_text().replace("!GetAtt Queue.Arn", "!GetAtt Que.Arn"))
    assert any(objection.startswith("E") for objection in _objections(broken))


def test_no_rule_is_switched_off() -> None:
    assert "cfn-lint" not in TEMPLATE_PATH.read_text()


def test_it_is_plain_cloudformation() -> None:
    assert "Transform" not in template()


def test_cloudformation_takes_it_as_one_request() -> None:
    """A template body in a request holds 51,200 bytes; the tool sends it without its comments."""
    compact = compact_template(TEMPLATE_PATH.read_text())
    assert len(compact.encode()) <= INLINE_TEMPLATE_BYTES == 51_200
    loaded = yaml.load(compact, Loader=Loader)
    assert _without_indentation(loaded) == _without_indentation(_undescribed(template()))
    assert loaded != template(), "the descriptions of parameters stay behind"


def _undescribed(document: dict[str, Any]) -> dict[str, Any]:
    """The same without the descriptions of its parameters; all other descriptions stay."""
    parameters = {
        name: {key: value for key, value in each.items() if key != "Description"}
        for name, each in document["Parameters"].items()
    }
    return document | {"Parameters": parameters}


def _without_indentation(document: Any) -> str:
    """As JSON; the dashboard is a text whose own indentation means nothing."""
    return re.sub(r"\\n +", r"\\n", json.dumps(document))
