"""Calls the command in this process."""

import json
from pathlib import Path
from typing import Any

import tomli_w
from typer.testing import CliRunner, Result

from pantau_collector.cli import app


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def called_json(*arguments: str | Path) -> Any:
    """Return the JSON that a command printed; it must have succeeded."""
    done = call(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def configured(folder: Path, **settings: Any) -> Path:
    """Write a configuration whose data is in the same folder, and return its path."""
    path = folder / "collector.toml"
    path.write_text(tomli_w.dumps({"data_dir": str(folder / "data"), **settings}))
    return path
