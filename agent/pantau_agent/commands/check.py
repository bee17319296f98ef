"""`pantau-agent check`."""

from typing import Annotated, Any

import msgspec
import typer

from pantau_agent.commands.config_option import DEFAULT_PATH, EXIT_CONFIG, ConfigPath, load_or_exit
from pantau_agent.config import AgentConfig
from pantau_agent.configuration_digest import configuration_digest
from pantau_agent.doubtful_settings import doubts
from pantau_agent.streams.url import redact
from pantau_service import log

EPILOG = "Example: pantau-agent check --config /etc/pantau/agent.toml"


def check(
    config: ConfigPath = DEFAULT_PATH,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check the configuration, and print the cameras as the agent understands them; nothing is started.

    It also refuses what a running agent takes, and nobody means: the example's password, two cameras of one
    address. Exit code 0 when all is right, 2 when anything is wrong.
    """
    log.set_up("warning", as_json=False, to_journal=False)
    loaded = load_or_exit(config)
    if found := doubts(loaded, config):
        for line in found:
            typer.echo(line, err=True)
        raise typer.Exit(EXIT_CONFIG)
    checked = _plain(loaded)
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(checked), indent=2).decode())
        return
    typer.echo(f"site {checked['site']}, broker {checked['broker']}, configuration {checked['configuration']}")
    rows = [("camera", "name", "URL", "user", "password", "mode")]
    for camera in checked["cameras"]:
        password = "set" if camera["password_set"] else "none" if camera["user"] is None else "not known here"
        mode = camera["mode"] if camera["enabled"] else "disabled"
        rows.append((camera["id"], camera["name"], camera["url"], camera["user"] or "", password, mode))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _plain(config: AgentConfig) -> dict[str, Any]:
    """Return the checked configuration without passwords."""
    return {
        "site": config.site.id,
        "configuration": configuration_digest(config),
        "broker": f"{config.broker.host}:{config.broker.port}",
        "cameras": [
            {
                "id": camera.id,
                "name": camera.name,
                "url": redact(camera.url or ""),
                "user": camera.user,
                "password_set": camera.password is not None,
                "mode": camera.mode,
                "enabled": camera.enabled,
            }
            for camera in config.camera
        ],
    }
