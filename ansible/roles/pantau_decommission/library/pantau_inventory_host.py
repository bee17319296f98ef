"""Takes a host out of the inventory's files, and keeps its `host_vars` elsewhere.

The files are people's: all other lines stay as they are, comments too.
"""  # noqa: INP001 # Ansible finds it by its folder

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

import yaml
from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: pantau_inventory_host
short_description: Takes a host out of the inventory's files
description: Runs on the computer that runs Ansible. A host that no file has is no error.
options:
  folder: {description: The inventory's folder., type: path, required: true}
  host: {description: The host's name in it., type: str, required: true}
  keep: {description: The folder that its variables are moved to., type: path, required: true}
author: [Pantau]
"""


class _Loader(yaml.SafeLoader):
    """Reads vaults and other marked values as the text that they are."""


_Loader.add_multi_constructor("!", lambda loader, _suffix, node: loader.construct_scalar(node))


def without_host(text: str, host: str) -> str:
    """Return an inventory's text without a host.

    Raises:
        ValueError: it is written in a way that this cannot change safely.
    """
    key = re.compile(rf"""(\s+)(["']?){re.escape(host)}\2\s*:""")
    left: list[str] = []
    within: int | None = None
    for line in text.splitlines(keepends=True):
        indent = len(line) - len(line.lstrip())
        if within is not None and (not line.strip() or indent > within):
            continue
        found = key.match(line)
        within = len(found[1]) if found else None
        if not found:
            left.append(line)
    result = "".join(left)
    wanted = _without(_parsed(text), host)
    try:
        is_right = _bare(wanted) == _bare(_parsed(result))
    except yaml.YAMLError:  # as where others refer to what stands at this host
        is_right = False
    if not is_right:
        raise ValueError(f"{host} stands in it in a way that cannot be changed safely: take it out by hand")
    return result


def _parsed(text: str) -> Any:
    return yaml.load(text, Loader=_Loader)  # noqa: S506 # a SafeLoader


def _without(value: Any, host: str) -> Any:
    if not isinstance(value, dict):
        return value
    return {
        key: {name: of for name, of in inner.items() if name != host}
        if key == "hosts" and isinstance(inner, dict)
        else _without(inner, host)
        for key, inner in value.items()
    }


def _bare(value: Any) -> Any:
    """Return a value in which an empty group of hosts is none, as YAML reads `hosts:` alone."""
    if not isinstance(value, dict):
        return value
    return {key: _bare(inner) or None for key, inner in value.items()}


def main() -> None:
    """Do what the arguments ask for."""
    module = AnsibleModule(
        argument_spec={
            "folder": {"type": "path", "required": True},
            "host": {"type": "str", "required": True},
            "keep": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    folder, host, keep = Path(module.params["folder"]), module.params["host"], Path(module.params["keep"])
    changed: dict[Path, str] = {}
    for path in sorted(path for path in folder.glob("*.y*ml") if path.is_file()):
        text = path.read_text("utf-8")
        try:
            left = without_host(text, host)
        except (ValueError, yaml.YAMLError) as error:
            module.fail_json(msg=f"{path}: {error}")
        if left != text:
            changed[path] = left
    variables = [path for end in ("", ".yml", ".yaml") if (path := folder / "host_vars" / f"{host}{end}").exists()]
    if not module.check_mode:
        for path in variables:
            keep.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.move(path, _free(keep / path.name))
        for path, left in changed.items():
            _replace(path, left)
    module.exit_json(changed=bool(changed or variables), files=[str(path) for path in [*changed, *variables]])


def _free(path: Path) -> Path:
    """Return a path that is not there yet: a site's name may be used again."""
    number = 1
    while path.exists():
        number += 1
        path = path.with_name(f"{path.name.split('~', maxsplit=1)[0]}~{number}")
    return path


def _replace(path: Path, text: str) -> None:
    handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=".")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    shutil.copymode(path, unfinished)
    Path(unfinished).replace(path)


if __name__ == "__main__":
    main()
