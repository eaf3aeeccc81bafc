"""The template of an import: unmanaged resources as they are, and what the stack holds already.

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
from unc.takeover.function_properties import LegacyFunction, read_function
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

_IDENTIFIERS = {**NAME_PROPERTIES, QUEUE: "QueueUrl"}


@dataclass
class Import:
    """What goes into the import change set; `hidden` parameters cannot be read back.

    `imported` is what an earlier import has brought into the stack.
    """

    names: dict[str, str]
    resources: dict[str, Any] = field(default_factory=dict)
    imported: dict[str, Any] = field(default_factory=dict)
    hidden: dict[str, str] = field(default_factory=dict)
    identifiers: list[ResourceToImportTypeDef] = field(default_factory=list)
    functions: list[LegacyFunction] = field(default_factory=list)

    def _template(self) -> str:
        """Write the template."""
        document = {
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": "A legacy consumer as it was found; the next update makes it ours.",
            "Parameters": {
                **{name: {"Type": "String"} for name in self.names},
                **{name: {"Type": "String", "NoEcho": True} for name in self.hidden},
            },
            "Resources": {**self.imported, **self.resources},
        }
        return json.dumps(document, indent=1, sort_keys=True, default=str)

    def wanted(self, aws: Aws, stack: str) -> Wanted:
        """Return the change set to ask for."""
        template = template_argument(aws, self._template())
        parameters = {**self.names, **self.hidden}
        return Wanted(stack, "IMPORT", template, parameters, self.identifiers)


def describe_unmanaged(
    aws: Aws, unmanaged: Sequence[Named], parameters: Mapping[str, str]
) -> Import:
    """Read each unmanaged resource; nothing is changed."""
    found = Import({name: parameters[name] for name in NAMING_PARAMETERS})
    for one in unmanaged:
        url = aws.sqs.get_queue_url(QueueName=one.name)["QueueUrl"] if one.type == QUEUE else ""
        properties = _describe_one(aws, one, url, found)
        found.resources[one.resource] = {
            "Type": one.type,
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": properties | {NAME_PROPERTIES[one.type]: one.expression},
        }
        found.identifiers.append(
            {
                "ResourceType": one.type,
                "LogicalResourceId": one.resource,
                "ResourceIdentifier": {_IDENTIFIERS[one.type]: url or one.name},
            }
        )
    return found


def hold_on(aws: Aws, stack: str, named: Sequence[Named], found: Import) -> None:
    """Keep what an earlier import has brought into the stack as that import said it."""
    body: Any = aws.cloudformation.get_template(StackName=stack)["TemplateBody"]
    found.imported = (json.loads(body) if isinstance(body, str) else body)["Resources"]
    for one in named:
        if one.type == FUNCTION and one.resource in found.imported:
            _hidden_environment(one.resource, read_function(aws, one.name), found)


def _describe_one(aws: Aws, one: Named, url: str, found: Import) -> Properties:
    """Return the properties of one unmanaged resource; a function adds its hidden parameters."""
    if one.type == TABLE:
        return table_properties(aws, one.name)
    if one.type == QUEUE:
        return queue_properties(aws, url)
    if one.type == LOG_GROUP:
        return log_group_properties(aws, one.name)
    function = read_function(aws, one.name)
    found.functions.append(function)
    return function.properties | _hidden_environment(one.resource, function, found)


def _hidden_environment(resource: str, function: LegacyFunction, found: Import) -> Properties:
    """Refer to each variable's value by a parameter of its own."""
    references: dict[str, Any] = {}
    for number, (name, value) in enumerate(sorted(function.environment.items())):
        parameter = f"{resource}Variable{number}"
        found.hidden[parameter] = value
        references[name] = {"Ref": parameter}
    return {"Environment": {"Variables": references}} if references else {}
