"""A template as CloudFormation would see it: parameters filled in, conditions decided.

Knows the functions that our templates use and refuses any other. References to
resources come out as "Ref:Name" and "Name.Attribute", a queue's ARN as the real one.
"""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

TEMPLATE_PATH = Path(__file__).parents[2] / "infra" / "template.yaml"
GITHUB_PATH = TEMPLATE_PATH.with_name("github.yaml")
REGION = "eu-central-1"
ACCOUNT = "123456789012"
PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::StackName": "unc-consumer",
}
NO_VALUE = object()
CODE = {"CodeBucket": "code", "CodeKey": "unc-consumer.zip"}

Json = dict[str, Any]


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags."""


def _long_form(loader: Loader, tag: str, node: yaml.Node) -> Json:
    name = tag if tag in ("Ref", "Condition") else f"Fn::{tag}"
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        return {name: value.split(".", 1) if tag == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    raise TypeError(f"a mapping cannot follow !{tag}")


yaml.add_multi_constructor("!", _long_form, Loader=Loader)


@cache
def template(path: Path = TEMPLATE_PATH) -> Json:
    """A template as written, intrinsic functions in their long form."""
    loaded: Json = yaml.load(path.read_text(), Loader=Loader)
    return loaded


class Stack:
    """One deployment of a template, by default the service's, with some parameters."""

    def __init__(self, path: Path = TEMPLATE_PATH, /, **parameters: str) -> None:
        self._template = template(path)
        declared = self._template["Parameters"]
        unknown = parameters.keys() - declared.keys()
        if unknown:
            raise KeyError(f"no such parameters: {sorted(unknown)}")
        defaults = {name: spec["Default"] for name, spec in declared.items() if "Default" in spec}
        self._parameters: Json = defaults | CODE | parameters

    @property
    def template(self) -> Json:
        """The template as written."""
        return self._template

    def parameters(self) -> set[str]:
        """The names of the template's parameters."""
        return set(self._template["Parameters"])

    def properties(self, name: str) -> Json:
        """The resolved properties of one resource."""
        resolved: Json = self.resolve(self._template["Resources"][name]["Properties"])
        return resolved

    def of_type(self, kind: str) -> dict[str, Json]:
        """The resolved properties of all resources of one type, by name."""
        return {
            name: self.properties(name)
            for name, spec in self._template["Resources"].items()
            if spec["Type"] == kind
        }

    def outputs(self) -> dict[str, Any]:
        """The outputs' values."""
        return {
            name: self.resolve(spec["Value"]) for name, spec in self._template["Outputs"].items()
        }

    def resolve(self, node: Any) -> Any:
        """The node with every function in it carried out."""
        if isinstance(node, list):
            return [item for item in map(self.resolve, node) if item is not NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1 and (function := self._functions().get(next(iter(node)))):
            return function(next(iter(node.values())))
        if any(key.startswith("Fn::") for key in node):
            raise ValueError(f"a function that this reader does not know: {node}")
        pairs = ((key, self.resolve(value)) for key, value in node.items())
        return {key: value for key, value in pairs if value is not NO_VALUE}

    def _functions(self) -> dict[str, Callable[[Any], Any]]:
        return {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::Sub": self._sub,
            "Fn::If": self._if,
            "Fn::And": lambda given: all(self.resolve(given)),
            "Condition": lambda name: self.resolve(self._template["Conditions"][name]),
            "Fn::Not": lambda given: not self.resolve(given[0]),
            "Fn::Equals": lambda given: self.resolve(given[0]) == self.resolve(given[1]),
            "Fn::Select": lambda given: self.resolve(given[1])[given[0]],
            "Fn::Split": lambda given: self.resolve(given[1]).split(given[0]),
            "Fn::FindInMap": self._find_in_map,
        }

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self._template["Resources"]:
            return f"Ref:{name}"
        return (PSEUDO | self._parameters)[name]

    def _get_att(self, given: list[str]) -> str:
        name, attribute = given
        if attribute == "Arn" and self._template["Resources"][name]["Type"] == "AWS::SQS::Queue":
            return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self.properties(name)['QueueName']}"
        return f"{name}.{attribute}"

    def _sub(self, given: str | list[Any]) -> str:
        text, local = (given, {}) if isinstance(given, str) else given
        return re.sub(r"\$\{([^}]+)\}", lambda match: self._sub_one(match[1], local), text)

    def _sub_one(self, name: str, local: Json) -> str:
        if name in local:
            return str(self.resolve(local[name]))
        return str(self._get_att(name.split(".", 1)) if "." in name else self._ref(name))

    def _if(self, given: list[Any]) -> Any:
        condition, then, otherwise = given
        return self.resolve(
            then if self.resolve(self._template["Conditions"][condition]) else otherwise
        )

    def _find_in_map(self, given: list[Any]) -> Any:
        table, row, column = (self.resolve(part) for part in given)
        return self._template["Mappings"][table][row][column]


def named(kind: str) -> list[str]:
    """The names of all resources of one type."""
    return [name for name, spec in template()["Resources"].items() if spec["Type"] == kind]
