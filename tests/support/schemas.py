"""The reply service's contract as tests read it: schemas of rows, and of the request."""

import json
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

DOCS = Path(__file__).parents[2] / "docs"
FOLDER = DOCS / "schemas"


def faults_in(schema: str, row: Any) -> list[str]:
    """Say what about a row is not as the schema says."""
    return [error.message for error in _validator(schema).iter_errors(_as_json(row))]


def faults_of_request(headers: dict[str, str], body: bytes) -> list[str]:
    """Say what about a POST is not as the OpenAPI file says; header names in lower case."""
    api = yaml.safe_load((DOCS / "reply-service.openapi.yaml").read_text())
    post = api["paths"]["/reply/"]["post"]
    [(content_type, content)] = post["requestBody"]["content"].items()
    needed = {each["name"] for each in post["parameters"] if each["in"] == "header"}
    needed.add(api["components"]["securitySchemes"]["secret"]["name"])
    faults = [f"no header {name}" for name in sorted(needed) if not headers.get(name)]
    if headers.get("content-type") != content_type:
        faults.append(f"content-type {headers.get('content-type')}")
    validator = Draft202012Validator(content["schema"])
    return faults + [error.message for error in validator.iter_errors(json.loads(body))]


@cache
def _validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator(
        json.loads((FOLDER / f"{schema}.schema.json").read_text()),
        format_checker=Draft202012Validator.FORMAT_CHECKER,
    )


def _as_json(value: Any) -> Any:
    """Numbers as JSON has them; a whole one is an integer."""
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case dict():
            return {key: _as_json(each) for key, each in value.items()}
        case list():
            return [_as_json(each) for each in value]
    return value
