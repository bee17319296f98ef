"""Checks the whole inventory, all hosts against each other, before anything is changed.

It runs on the computer that runs Ansible, and asks no host. Each problem is a line: which host, which key, what to
do.
"""  # noqa: INP001 # Ansible finds it by its folder

import re
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase

_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_PLACEHOLDER = re.compile(r"^\s*(change[ _-]?me|changeit|password|secret|rahasia anda|xxx+)\b", re.IGNORECASE)
_SECRET_KEY = re.compile(r"password|secret|token|heartbeat_url", re.IGNORECASE)
_REFERENCE = re.compile(r"\{\{-?\s*(\w+)(\.\w+|\[[^]]*\])*\s*-?\}\}")
"""A value that is nothing but the name of another variable."""
_EXPRESSION = re.compile(r"\s*\{\{((?!\}\}).)*\}\}\s*", re.DOTALL)
"""A value that is one expression, as a lookup in a store of passwords."""
_MOST = 40
"""Problems that are printed; more would be read by nobody."""


@dataclass(frozen=True)
class Machine:
    """A host as the inventory has it: `raw` as it was written, and `value(key)` with its templates filled in."""

    name: str
    raw: Mapping[str, Any]
    value: Callable[[str], Any]
    is_verbatim: Callable[[str], bool] = lambda _: False
    """Whether a text is marked `!unsafe`, so that Ansible takes it as it is."""


def problems(sites: list[Machine], control_room: list[Machine]) -> Iterator[str]:
    """Yield what is wrong with an inventory, for the one who has written it."""
    for machine in [*sites, *control_room]:
        yield from _secrets(machine)
    for machine in sites:
        yield from _site(machine)
    for machine in control_room:
        yield from _control(machine, sites)
    yield from _twice(sites, "pantau_agent_site_id", "one of them would end the other's session at the broker")
    yield from _twice([*sites, *control_room], "ansible_host", "both would be installed on one machine", port=True)


def _secrets(machine: Machine) -> Iterator[str]:
    """Yield what Ansible would change silently in a password, and what nobody has set yet."""
    for path, key, text in _texts(machine.raw):
        if machine.is_verbatim(text):
            continue
        where = f"{machine.name}: {path}"
        if "{#" in text:
            yield f"{where}: Ansible leaves out what is between {{# and #}}. Write !unsafe before the value"
        elif _SECRET_KEY.search(key):
            references = _REFERENCE.fullmatch(text.strip())
            if ("{{" in text or "{%" in text) and not _EXPRESSION.fullmatch(text):
                yield f"{where}: Ansible takes {{{{ and {{% for a template. Write !unsafe before the value"
            elif references and references[1] not in machine.raw and not key.startswith("pantau_"):
                yield (
                    f"{where}: it names {references[1]}, which nothing sets. If that is the password itself,"
                    " write !unsafe before it"
                )
            elif _PLACEHOLDER.match(text):
                yield f'{where}: it is still "{text.strip()[:12]}", as in the example. Set a password of your own'


def _site(machine: Machine) -> Iterator[str]:
    name = machine.name
    if not any(key.startswith("pantau_agent_site_name") or key == "pantau_agent_cameras" for key in machine.raw):
        yield (
            f"{name}: it has no cameras and no name: is host_vars/{name}/cameras.yml there, in the inventory's"
            f" folder and spelt like the host? A site without cameras has pantau_agent_cameras: []"
        )
        return
    site = machine.value("pantau_agent_site_id") or name
    if not _ID.fullmatch(str(site)):
        yield f"{name}: pantau_agent_site_id: {site!r} is no id: lower-case letters, digits, - and _, as nongsa"
    if not machine.value("pantau_agent_broker_host"):
        yield f"{name}: pantau_agent_broker_host is not set: the broker's name, for all in group_vars/sites"
    by_certificate = machine.value("pantau_agent_client_certificate")
    if by_certificate is None:
        by_certificate = bool(machine.value("pantau_ca_folder"))
    if not by_certificate and not machine.value("pantau_agent_broker_password"):
        yield (
            f"{name}: pantau_agent_broker_password is not set, and there is no pantau_ca_folder for a certificate:"
            " the broker would refuse it"
        )
    cameras = machine.value("pantau_agent_cameras")
    if cameras is None and machine.raw.get("pantau_agent_cameras"):
        return  # a variable in it is not set, which is told
    if not isinstance(cameras, list):
        yield f"{name}: pantau_agent_cameras: expected a list, each with id, and vendor and host, or url"
        return
    seen: set[str] = set()
    for number, camera in enumerate(cameras, 1):
        if not isinstance(camera, Mapping):
            yield f"{name}: pantau_agent_cameras[{number}]: expected keys and values, as `id: gate-north`"
            continue
        yield from _camera(f"{name}: pantau_agent_cameras[{number}]", camera, seen)


def _camera(where: str, camera: Mapping[str, Any], seen: set[str]) -> Iterator[str]:
    identity = camera.get("id")
    if not isinstance(identity, str) or not _ID.fullmatch(identity):
        yield f"{where}: id: {identity!r} is no id: lower-case letters, digits, - and _, as gate-north"
    elif identity in seen:
        yield f"{where}: id: {identity} is the id of another camera of this site"
    else:
        seen.add(identity)
        where = f"{where} ({identity})"
    if not camera.get("url") and not (camera.get("vendor") and camera.get("host")):
        yield f"{where}: it has no url: set vendor and host (firmware-notes has the vendors' names), or url"
    if camera.get("url") and camera.get("host"):
        yield f"{where}: it has a url and a host: one of the two is not used. Take one out"
    password = camera.get("password")
    if password is not None and not isinstance(password, str):
        yield f"{where}: password: YAML does not read it as text (0123 is 83, on is true). Put it in quotes"
    elif password and not camera.get("user"):
        yield f"{where}: user: there is a password, and no user. Set user, or take the password out"


def _control(machine: Machine, sites: list[Machine]) -> Iterator[str]:
    name, value = machine.name, machine.value
    has_authority = bool(value("pantau_ca_folder"))
    has_tls = has_authority or bool(value("pantau_broker_certificate"))
    clear = [site.name for site in sites if site.value("pantau_agent_broker_tls") is False]
    if has_tls and clear:
        yield (
            f"{name}: the broker speaks TLS, and {', '.join(clear[:5])} would not: take pantau_agent_broker_tls:"
            " false out, or the certificate"
        )
    if not has_tls and len(clear) < len(sites):
        yield (
            f"{name}: the broker would have no certificate, and its sites ask for TLS: set pantau_ca_folder for"
            " all hosts (the run makes certificates), pantau_broker_certificate, or pantau_agent_broker_tls: false"
        )
    file = value("pantau_collector_config")
    if file and (path := Path(value("playbook_dir") or ".", file)).is_file():
        yield from _collector(name, path, value)
    elif file:
        yield f"{name}: pantau_collector_config: {path} is not there: copy collector/collector.example.toml to it"


def _collector(name: str, path: Path, value: Callable[[str], Any]) -> Iterator[str]:
    """Yield where the collector's configuration and the broker that the role makes do not fit together."""
    text = path.read_text("utf-8-sig")
    if text.startswith("$ANSIBLE_VAULT"):
        return
    try:
        settings = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        yield f"{name}: {path}: {error}"
        return
    yield from _web(f"{name}: {path}", settings.get("web", {}), value)
    broker = settings.get("broker", {})
    if broker.get("host", "127.0.0.1") not in {"127.0.0.1", "localhost", "::1"}:
        return
    own = value("pantau_broker_collector_port")
    own = 1884 if own is None else int(own)
    if own and (broker.get("port", 1883) != own or broker.get("tls")):
        yield (
            f"{name}: {path}: broker: the collector's listener on this machine is at port {own}, without TLS: set"
            f" port = {own}, and take tls and ca_file out"
        )
    if not broker.get("user"):
        yield f'{name}: {path}: broker.user: set user = "pantau-collector"; its password comes from the vault'


def _web(where: str, web: Mapping[str, Any], value: Callable[[str], Any]) -> Iterator[str]:
    """Yield where the wall and the web server before it do not fit together."""
    people_call_it = value("pantau_web_name")
    if not people_call_it:
        return
    public = urlsplit(str(web.get("public_url", "")))
    if public.scheme != "https" or public.hostname != str(people_call_it).lower():
        yield f'{where}: web.public_url: nginx is before the wall: set public_url = "https://{people_call_it}"'
    if not any(str(proxy).startswith(("127.", "::1")) for proxy in web.get("trusted_proxies", [])):
        yield (
            f"{where}: web.trusted_proxies: everybody has nginx's address, and one who tries passwords shuts"
            ' all out: set trusted_proxies = ["127.0.0.1"]'
        )
    if bool(web.get("proxy_role")) != bool(value("pantau_web_users_file")):
        yield (
            f"{where}: web.proxy_role: nginx asks for a login (pantau_web_users_file), and the wall asks again:"
            ' set proxy_role = "viewer"'
            if value("pantau_web_users_file")
            else f"{where}: web.proxy_role: nginx asks nobody for a login, and the wall lets everyone in: take"
            " it out, or set pantau_web_users_file"
        )


def _twice(machines: list[Machine], key: str, why: str, *, port: bool = False) -> Iterator[str]:
    found: dict[Any, list[str]] = defaultdict(list)
    for machine in machines:
        value = machine.value(key) or machine.name
        found[(value, machine.value("ansible_port") or 22) if port else value].append(machine.name)
    for value, every in found.items():
        names = list(dict.fromkeys(every))  # a host may be site and control room in one
        if len(names) > 1:
            shown = value[0] if port else value
            yield f"{', '.join(names[:5])}: {key}: {shown} is that of {len(names)} hosts: {why}"


def _texts(value: Any, path: str = "", key: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield each text of ours and of a vault: its path, its key, itself."""
    if isinstance(value, str):
        yield path, key, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if path or re.match(r"pantau_|vault_", str(name)):
                yield from _texts(inner, f"{path}.{name}" if path else str(name), str(name))
    elif isinstance(value, list):
        for number, inner in enumerate(value, 1):
            yield from _texts(inner, f"{path}[{number}]", key)


class ActionModule(ActionBase):  # type: ignore[misc] # Ansible has no types
    """The task `pantau_inventory`."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Check, and fail with every problem at once."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        groups = variables["groups"]
        unresolved: dict[str, None] = {}
        sites = [self._machine(name, variables, unresolved) for name in groups.get("sites", [])]
        control_room = [self._machine(name, variables, unresolved) for name in groups.get("control_room", [])]
        found = [*problems(sites, control_room), *unresolved]
        if found:
            more = [f"... and {len(found) - _MOST} more"] if len(found) > _MOST else []
            text = "\n".join(["The inventory cannot be right; nothing has been changed:", *found[:_MOST], *more])
            return result | {"failed": True, "msg": text}
        return result | {"changed": False, "sites": len(sites)}

    def _machine(self, name: str, variables: dict[str, Any], unresolved: dict[str, None]) -> Machine:
        raw = variables["hostvars"].raw_get(name)
        templar = self._templar.copy_with_new_env(available_variables=raw)

        def value(key: str) -> Any:
            try:
                return templar.template(raw[key]) if key in raw else None
            except AnsibleError as error:
                unresolved[f"{name}: {key}: {str(error).splitlines()[0]}"] = None
                return None

        return Machine(name, raw, value, _is_verbatim)


def _is_verbatim(text: str) -> bool:
    try:
        from ansible.template import is_trusted_as_template  # noqa: PLC0415 # since ansible-core 2.19
    except ImportError:
        return hasattr(text, "__UNSAFE__")
    return not is_trusted_as_template(text)
