"""AWS's own description of its calls, as botocore has it: what a request or a response may be.

botocore itself checks required members, types and least lengths only. This checks enums, patterns
and greatest lengths too, and every member of a response.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

# A target of the JSON protocols names the service by its prefix.
_SERVICES = {
    "DynamoDB_20120810": "dynamodb",
    "AmazonSQS": "sqs",
    "secretsmanager": "secretsmanager",
}
OUT_OF_RANGE = "which takes"
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "character": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "blob": (str, bytes),
    "timestamp": (str, int, float, datetime),
}


@cache
def _operation(service: str, name: str) -> OperationModel:
    return botocore.session.get_session().get_service_model(service).operation_model(name)


def faults_of_call(target: str, request: Any, response: Any = None) -> list[str]:
    """Say what AWS would not take of a call that carries `x-amz-target`, or would not answer."""
    prefix, _, name = target.partition(".")
    operation = _operation(_SERVICES[prefix], name)
    found = faults_of_request(operation, request)
    return found if response is None else found + faults_of_response(operation, response)


def faults_of_request(operation: OperationModel, request: Any) -> list[str]:
    """Say what is not as the model of the request says."""
    return _named(operation, "request", operation.input_shape, request)


def faults_of_response(operation: OperationModel, response: Any) -> list[str]:
    """Say what is not as the model of the response says.

    Ranges are those of requests: AWS itself answers with an empty list where a request needs one.
    """
    return [
        fault
        for fault in _named(operation, "response", operation.output_shape, response)
        if OUT_OF_RANGE not in fault
    ]


def _named(operation: OperationModel, part: str, shape: Any, value: Any) -> list[str]:
    where = f"{operation.service_model.service_name}:{operation.name} {part}"
    if shape is None:
        return [f"{where}: there is none"] if value else []
    return [f"{where}{fault}" for fault in _check(shape, value)]


def _check(shape: Shape, value: Any) -> Iterator[str]:
    """Yield what is wrong with a value, each with its path."""
    if isinstance(shape, StructureShape):
        yield from _check_structure(shape, value)
    elif isinstance(shape, ListShape):
        yield from _check_collection(shape, value, list)
        for number, each in enumerate(value if isinstance(value, list) else ()):
            yield from _at(f"[{number}]", _check(shape.member, each))
    elif isinstance(shape, MapShape):
        yield from _check_collection(shape, value, dict)
        for key, each in value.items() if isinstance(value, dict) else ():
            yield from _at(f"[{key}]", _check(shape.key, key))
            yield from _at(f"[{key}]", _check(shape.value, each))
    else:
        yield from _check_scalar(shape, value)


def _check_structure(shape: StructureShape, value: Any) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f": {shape.name} is no object"
        return
    for name in shape.required_members:
        if name not in value:
            yield f".{name}: missing"
    if getattr(shape, "is_tagged_union", False) and len(value) != 1:
        yield f": {shape.name} takes one of its members"
    for name, each in value.items():
        if name in shape.members:
            yield from _at(f".{name}", _check(shape.members[name], each))
        else:
            yield f".{name}: unknown"


def _check_collection(shape: Shape, value: Any, kind: type) -> Iterator[str]:
    if not isinstance(value, kind):
        yield f": {shape.name} is no {kind.__name__}"
        return
    yield from _check_range(shape, len(value), "members")


def _check_scalar(shape: Shape, value: Any) -> Iterator[str]:
    if shape.type_name == "blob" and hasattr(value, "read"):
        return
    wanted = _TYPES[shape.type_name]
    is_bool = isinstance(value, bool)
    if not isinstance(value, wanted) or (is_bool and bool not in wanted):
        yield f": {value!r:.40} is no {shape.type_name}"
    elif shape.type_name == "string":
        yield from _check_string(shape, value)
    elif shape.type_name in ("integer", "long", "float", "double"):
        yield from _check_range(shape, value, "")


def _check_string(shape: Any, value: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        yield f": {value!r:.40} is none of {shape.name}"
    yield from _check_range(shape, len(value), "characters")
    pattern = shape.metadata.get("pattern")
    if pattern and not _matches(pattern, value):
        yield f": {value!r:.40} does not match {pattern}"


def _matches(pattern: str, value: str) -> bool:
    """Match as AWS does, the whole of it; Python does not know every pattern that Java knows."""
    try:
        return re.fullmatch(pattern, value, re.DOTALL) is not None
    except re.error:
        return True


def _check_range(shape: Shape, size: float, unit: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if (least is not None and size < least) or (most is not None and size > most):
        yield f": {size:g} {unit} of {shape.name}, {OUT_OF_RANGE} {least} to {most}"


def _at(path: str, faults: Iterator[str]) -> Iterator[str]:
    for fault in faults:
        yield f"{path}{fault}"
