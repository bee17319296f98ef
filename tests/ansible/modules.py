"""Loads the Python of the roles, which Ansible finds by its folder and Python does not."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

ANSIBLE = Path(__file__).resolve().parents[2] / "ansible"


def load(path: str) -> ModuleType:
    """Return the module at a path below `ansible/`."""
    name = "pantau_ansible_" + path.removesuffix(".py").replace("/", "_")
    spec = importlib.util.spec_from_file_location(name, ANSIBLE / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses look for what their fields are
    spec.loader.exec_module(module)
    return module
