"""Reads and writes `host_vars/SITE/cameras.yml`. What Ansible marks, as `!vault` or `!unsafe`, stays marked."""

from pathlib import Path
from typing import Any, NamedTuple

import yaml  # type: ignore[import-untyped]

from pantau_service import atomic_file
from pantau_service.settings import ConfigError

NAME, CAMERAS = "pantau_agent_site_name", "pantau_agent_cameras"
_HEADER = """\
# Name and cameras of the site. `pantau-collector inventory export` and `inventory found` write this file, and you
# may: what is in it stays, comments do not. Passwords belong into vault.yml beside it.
"""
_MAX_BYTES = 4 << 20


class Marked(NamedTuple):
    """A text that Ansible marks: as `!vault`, which it decrypts, or `!unsafe`, which it takes as it is."""

    tag: str
    text: str


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Reads no more than plain values, and marked texts."""


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]
    """Writes them again."""


_Loader.add_multi_constructor("!", lambda _, suffix, node: Marked(f"!{suffix}", str(node.value)))
_Dumper.add_representer(
    Marked,
    lambda dumper, marked: dumper.represent_scalar(
        marked.tag, marked.text, style="|" if "\n" in marked.text else '"'
    ),
)


def path_of(folder: Path, site: str) -> Path:
    """Return the file of a site in an inventory's folder."""
    return folder / "host_vars" / site / "cameras.yml"


def read_site(folder: Path, site: str) -> dict[str, Any]:
    """Return what the file of a site has, nothing if there is none.

    Raises:
        ConfigError: it is no such file, or the cameras stand in another file too: one would not count.
    """
    path = path_of(folder, site)
    others = [
        other
        for other in (*path.parent.glob("*.y*ml"), *path.parent.parent.glob(f"{site}.y*ml"))
        if other != path and CAMERAS in _load(other)
    ]
    if others:
        raise ConfigError(
            [f"{others[0]}: {CAMERAS}: cameras of {site} are kept in {path.name}: move them there, and the name"]
        )
    content = _load(path) if path.exists() else {}
    cameras = content.get(CAMERAS) or []
    if not isinstance(cameras, list) or not all(isinstance(camera, dict) and "id" in camera for camera in cameras):
        raise ConfigError([f"{path}: {CAMERAS}: expected a list of cameras, each with an id"])
    return content | {CAMERAS: cameras}


def write_site(folder: Path, site: str, content: dict[str, Any]) -> None:
    """Write the file of a site, whole or not at all.

    Raises:
        OSError: it cannot be written; the old one is unchanged.
    """
    path = path_of(folder, site)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    atomic_file.write(path, (_HEADER + text).encode(), mode=0o644)


def sites_of_hosts(folder: Path) -> set[str]:
    """Return the names of the hosts in an inventory's YAML files.

    Raises:
        ConfigError: one cannot be read.
    """
    return {name for path in sorted(folder.glob("*.y*ml")) if path.is_file() for name in _hosts(_load(path))}


def _hosts(value: Any) -> list[str]:
    if not isinstance(value, dict):
        return []
    own = value.get("hosts")
    return [
        *map(str, own if isinstance(own, dict) else ()),
        *(name for each in value.values() for name in _hosts(each)),
    ]


def _load(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ConfigError([f"{path}: larger than {_MAX_BYTES >> 20} MiB: this is no file of an inventory"])
        text = path.read_text("utf-8-sig")
        if text.startswith("$ANSIBLE_VAULT"):  # nobody writes cameras there, and their names are not to be told
            return {}
        content = yaml.load(text, Loader=_Loader)  # noqa: S506 # a SafeLoader
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}"]) from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError([f"{path}: is no YAML: {str(error).splitlines()[0]}"]) from None
    if not isinstance(content or {}, dict):
        raise ConfigError([f"{path}: expected keys and values"])
    return content or {}
