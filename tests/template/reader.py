"""A template read with some parameters: what its conditions come to and what its names say.

Knows the functions that infra/github.yaml uses, and no resources.
"""

import re
from typing import Any

Json = dict[str, Any]


class Reader:
    """One template under one choice of parameters."""

    def __init__(self, template: Json, **parameters: str) -> None:
        declared = template["Parameters"]
        defaults = {name: spec["Default"] for name, spec in declared.items() if "Default" in spec}
        self._conditions: Json = template.get("Conditions", {})
        self._names: dict[str, str] = defaults | parameters

    def resolve(self, node: Any) -> Any:
        """The node with every function in it carried out."""
        if isinstance(node, list):
            return [self.resolve(item) for item in node]
        if not isinstance(node, dict):
            return node
        [(function, argument)] = node.items()
        return getattr(self, "_" + function.removeprefix("Fn::").lower())(argument)

    def _ref(self, name: str) -> str:
        return self._names[name]

    def _condition(self, name: str) -> bool:
        return bool(self.resolve(self._conditions[name]))

    def _sub(self, given: str | list[Any]) -> str:
        text, local = (given, {}) if isinstance(given, str) else given
        names = self._names | {name: self.resolve(value) for name, value in local.items()}
        return re.sub(r"\$\{(\w+)\}", lambda match: names[match[1]], text)

    def _if(self, given: list[Any]) -> Any:
        name, then, otherwise = given
        return self.resolve(then if self._condition(name) else otherwise)

    def _equals(self, given: list[Any]) -> bool:
        one, other = self.resolve(given)
        return bool(one == other)

    def _not(self, given: list[Any]) -> bool:
        [one] = self.resolve(given)
        return not one

    def _and(self, given: list[Any]) -> bool:
        return all(self.resolve(given))

    def _split(self, given: list[Any]) -> list[str]:
        separator, text = self.resolve(given)
        parts: list[str] = text.split(separator)
        return parts

    def _select(self, given: list[Any]) -> str:
        index, parts = self.resolve(given)
        return str(parts[index])
