"""The template of an import: the strays as they are, and what the stack holds already, unchanged.

CloudFormation takes an import alone: no new resource beside it, no outputs, and a deletion policy
on each. What functions hold in their environment goes in as parameters that nobody can read back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from unc.aws.session import Aws
from unc.deploy.change_set import Wanted
from unc.deploy.code_bucket import template_argument
from unc.takeover.function_properties import FunctionAsIs, read_function
from unc.takeover.inventory import (
    FUNCTION,
    LOG_GROUP,
    NAME_PROPERTIES,
    NAMING_PARAMETERS,
    QUEUE,
    TABLE,
    Named,
)
from unc.takeover.resource_properties import (
    Properties,
    log_group_properties,
    queue_properties,
    table_properties,
)

if TYPE_CHECKING:
    from types_boto3_cloudformation.type_defs import ResourceToImportTypeDef

IDENTIFIERS = {**NAME_PROPERTIES, QUEUE: "QueueUrl"}


@dataclass
class Import:
    """What goes into the import change set; `hidden` parameters cannot be read back.

    `held` is what an earlier import has brought into the stack.
    """

    names: dict[str, str]
    resources: dict[str, Any] = field(default_factory=dict)
    held: dict[str, Any] = field(default_factory=dict)
    hidden: dict[str, str] = field(default_factory=dict)
    identifiers: list[ResourceToImportTypeDef] = field(default_factory=list)
    functions: list[FunctionAsIs] = field(default_factory=list)

    def template(self) -> str:
        """Write the template."""
        document = {
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": "An older consumer as it was found; the next update makes it ours.",
            "Parameters": {
                **{name: {"Type": "String"} for name in self.names},
                **{name: {"Type": "String", "NoEcho": True} for name in self.hidden},
            },
            "Resources": {**self.held, **self.resources},
        }
        return json.dumps(document, indent=1, sort_keys=True, default=str)

    def wanted(self, aws: Aws, stack: str) -> Wanted:
        """Return the change set to ask for."""
        template = template_argument(aws, self.template())
        parameters = {**self.names, **self.hidden}
        return Wanted(stack, "IMPORT", template, parameters, self.identifiers)


def describe_strays(aws: Aws, strays: Sequence[Named], parameters: Mapping[str, str]) -> Import:
    """Read each stray; nothing is changed."""
    found = Import({name: parameters[name] for name in NAMING_PARAMETERS})
    for stray in strays:
        url = aws.sqs.get_queue_url(QueueName=stray.name)["QueueUrl"] if stray.type == QUEUE else ""
        properties = describe_one(aws, stray, url, found)
        found.resources[stray.resource] = {
            "Type": stray.type,
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": properties | {NAME_PROPERTIES[stray.type]: stray.expression},
        }
        found.identifiers.append(
            {
                "ResourceType": stray.type,
                "LogicalResourceId": stray.resource,
                "ResourceIdentifier": {IDENTIFIERS[stray.type]: url or stray.name},
            }
        )
    return found


def hold_on(aws: Aws, stack: str, named: Sequence[Named], found: Import) -> None:
    """Keep what an earlier import has brought into the stack as that import said it."""
    body: Any = aws.cloudformation.get_template(StackName=stack)["TemplateBody"]
    found.held = (json.loads(body) if isinstance(body, str) else body)["Resources"]
    for one in named:
        if one.type == FUNCTION and one.resource in found.held:
            hidden_environment(one.resource, read_function(aws, one.name), found)


def describe_one(aws: Aws, stray: Named, url: str, found: Import) -> Properties:
    """Return the properties of one stray; a function adds its hidden parameters."""
    if stray.type == TABLE:
        return table_properties(aws, stray.name)
    if stray.type == QUEUE:
        return queue_properties(aws, url)
    if stray.type == LOG_GROUP:
        return log_group_properties(aws, stray.name)
    function = read_function(aws, stray.name)
    found.functions.append(function)
    return function.properties | hidden_environment(stray.resource, function, found)


def hidden_environment(resource: str, function: FunctionAsIs, found: Import) -> Properties:
    """Refer to each variable's value by a parameter of its own."""
    references: dict[str, Any] = {}
    for number, (name, value) in enumerate(sorted(function.environment.items())):
        parameter = f"{resource}Variable{number}"
        found.hidden[parameter] = value
        references[name] = {"Ref": parameter}
    return {"Environment": {"Variables": references}} if references else {}
