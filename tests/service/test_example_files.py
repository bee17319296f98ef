"""Every configuration key is in the example file of its program: set, or in a comment of its table."""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from pantau_agent.config import AgentConfig
from pantau_collector.config import CollectorConfig
from pantau_collector.contracts.model import ContractsFile
from pantau_collector.inventory.model import InventoryFile

ROOT = Path(__file__).parents[2]
EXAMPLES: list[tuple[type[BaseModel], str]] = [
    (AgentConfig, "agent/agent.example.toml"),
    (CollectorConfig, "collector/collector.example.toml"),
    (InventoryFile, "collector/inventory.example.toml"),
    (ContractsFile, "collector/contracts.example.toml"),
]
TABLE = re.compile(r"^(?:# )?\[\[?([a-z_.]+)\]\]?$")


def sections(text: str) -> dict[str, str]:
    """Return the lines of each table, commented tables too; those before the first table have the name ``."""
    found: defaultdict[str, str] = defaultdict(str)
    table = ""
    for line in text.splitlines():
        if header := TABLE.match(line):
            table = header[1]
            found[table.rpartition(".")[0]] += f"{table.rpartition('.')[2]}\n"
        else:
            found[table] += f"{line}\n"
    return found


def models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from models(inner)


def keys(model: type[BaseModel], table: str = "") -> Iterator[tuple[str, str, bool]]:
    """Yield each key with its table, and whether it is inherited: such a key may be described once for all."""
    for key, field in model.model_fields.items():
        yield table, key, key not in model.__annotations__
        for inner in models(field.annotation):
            yield from keys(inner, f"{table}.{key}".lstrip("."))


@pytest.mark.parametrize(("model", "path"), EXAMPLES)
def test_every_key_is_named_in_the_example_file(model: type[BaseModel], path: str) -> None:
    text = (ROOT / path).read_text("utf-8")
    by_table = sections(text)
    missing = {
        f"{table}.{key}".lstrip(".")
        for table, key, shared in keys(model)
        if not re.search(rf"\b{key}\b", text if shared else by_table[table])
    }
    assert missing == set()
