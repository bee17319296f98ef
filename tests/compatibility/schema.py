"""Check values against the part of JSON Schema that the contract's document uses."""

import json
import operator
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

_TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
    "integer": int,
    "number": int | float,
}
_LIMITS: dict[str, Callable[[Any, Any], bool]] = {
    "minimum": operator.ge,
    "maximum": operator.le,
    "exclusiveMinimum": operator.gt,
    "exclusiveMaximum": operator.lt,
}


class Schemas:
    """The schemas of one release, by the names of its messages."""

    def __init__(self, path: Path) -> None:
        self._schemas: dict[str, Any] = json.loads(path.read_text())

    def faults(self, name: str, value: object) -> list[str]:
        """Return why that release refuses a message, with the path of each fault. It ignores unknown fields."""
        return self._faults(self._schemas[name], value, name)

    def _faults(self, schema: dict[str, Any], value: object, path: str) -> list[str]:
        if "$ref" in schema:
            return self._faults(self._schemas[schema["$ref"].rpartition("/")[2]], value, path)
        if "anyOf" in schema:
            each = [self._faults(one, value, path) for one in schema["anyOf"]]
            return [] if any(not found for found in each) else min(each, key=len)
        if "enum" in schema:
            return [] if value in schema["enum"] else [f"{path}: {value!r} is not known"]
        kind = schema.get("type")
        if kind and (not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")):
            return [f"{path}: {value!r} is no {kind}"]
        if isinstance(value, list):
            items = schema.get("items", {})
            return [fault for at, item in enumerate(value) for fault in self._faults(items, item, f"{path}[{at}]")]
        return (
            self._faults_of_fields(schema, value, path)
            if isinstance(value, dict)
            else _faults_of_plain(schema, value, path)
        )

    def _faults_of_fields(self, schema: dict[str, Any], value: dict[str, object], path: str) -> list[str]:
        found = [f"{path}: {field} is missing" for field in schema.get("required", []) if field not in value]
        known, others = schema.get("properties", {}), schema.get("additionalProperties")
        for field, content in value.items():
            below = known.get(field, others if isinstance(others, dict) else {})
            found += self._faults(below, content, f"{path}.{field}")
        return found


def _faults_of_plain(schema: dict[str, Any], value: object, path: str) -> list[str]:
    if isinstance(value, str):
        too_long = len(value) > schema.get("maxLength", len(value))
        matches = re.search(schema.get("pattern", ""), value)
        return [f"{path}: {value!r} is too long or does not match"] if too_long or not matches else []
    return [
        f"{path}: {value!r} is beyond its {name}"
        for name, holds in _LIMITS.items()
        if name in schema and not holds(value, schema[name])
    ]
