"""mosquitto as our Ansible role sets it up: the role's own templates, without a run of Ansible."""

import re
import runpy
from pathlib import Path
from typing import Any

import jinja2

from tests.servers.process import Server, free_port, is_listening
from tests.servers.programs import require_program

_ROLE = Path(__file__).resolve().parents[2] / "ansible" / "roles" / "pantau_broker"
_CERTIFICATES = {
    "broker.pem": "pantau.crt",
    "broker.key": "pantau.key",
    "ca.pem": "clients-ca.pem",
    "crl.pem": "clients-crl.pem",
}
"""What the role copies, and as what."""
COLLECTOR = "pantau-collector"
"""The collector's user."""


class RoleBroker(Server):
    """A broker with a user for each of `sites`, whose password is the site's name, as the collector's is its own.

    `port` is the agents' and `collector_port` the collector's; `variables` are the role's. With `authority`, a
    folder of the role pantau_ca's, `client_port` is that of agents with a certificate.
    """

    def __init__(self, folder: Path, sites: list[str], authority: Path | None = None, **variables: Any) -> None:
        self.port, self.collector_port, self.client_port = free_port(), free_port(), free_port()
        self.admin_port = free_port()
        self._authority = authority
        self.database = folder / "mosquitto.db"
        below = folder / "etc/mosquitto"
        (below / "certs").mkdir(parents=True)
        values = {
            **_plain_defaults(),
            "pantau_root": str(folder),
            "pantau_broker_users": {site: site for site in sites},
            "pantau_broker_collector_password": COLLECTOR,
            "pantau_broker_address": "127.0.0.1",
            "pantau_broker_port": self.port,
            "pantau_broker_collector_port": self.collector_port,
            "pantau_broker_admin_port": self.admin_port,
            "pantau_broker_client_port": self.client_port,
            "pantau_broker_certificate": "broker.pem" if authority else "",
            "pantau_broker_clients_ca": "ca.pem" if authority else "",
            **variables,
        }
        self.folder, self._below, self._values = folder, below, values
        self.write()
        configuration = folder / "mosquitto.conf"
        configuration.write_text(
            f"user root\npersistence true\npersistence_location {folder}/\nlog_dest stderr\ninclude_dir {below}\n"
        )
        super().__init__(
            [require_program("mosquitto"), "-c", str(configuration)],
            ready=lambda: is_listening(self.port) and is_listening(self.collector_port),
            log=folder / "mosquitto.log",
        )

    def write(self, **variables: Any) -> None:
        """Write its files as the role would, with other variables than before."""
        self._values |= variables
        for name in ("pantau.acl", "pantau.passwords", "pantau.conf"):
            (self._below / name).touch(0o600)
            (self._below / name).write_text(_environment().get_template(f"{name}.j2").render(self._values))
        if self._authority is not None:
            for source, target in _CERTIFICATES.items():
                (self._below / "certs" / target).write_bytes((self._authority / source).read_bytes())


def _plain_defaults() -> dict[str, Any]:
    """Return the role's defaults that are numbers; the others are templates, or empty."""
    text = (_ROLE / "defaults" / "main.yml").read_text()
    return {name: int(value) for name, value in re.findall(r"^(\w+): (\d+)$", text, re.MULTILINE)}


def _environment() -> jinja2.Environment:
    """Return the templates, with the filters of the role."""
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_ROLE / "templates"),
        trim_blocks=True,  # as Ansible does
        autoescape=False,  # they are no web pages
    )
    templates.filters |= runpy.run_path(str(_ROLE / "filter_plugins" / "mosquitto.py"))["FilterModule"]().filters()
    return templates
