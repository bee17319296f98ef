"""`pantau-collector inventory found`: brings what `pantau-agent discover` found into the inventory of Ansible."""

import json
import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from pantau_collector.ansible_inventory.found import found_in, with_found
from pantau_collector.ansible_inventory.listed import Merged
from pantau_collector.ansible_inventory.site_file import path_of, read_site, write_site
from pantau_collector.commands.confirmation import may_write
from pantau_collector.commands.inventory_export import AnsibleFolder, DryRun, Yes
from pantau_collector.commands.opening import EXIT_NOT_DONE, AsJson, exit_on_error, fail
from pantau_collector.commands.output import print_json, say
from pantau_collector.names import slug

_CHOICE = re.compile(r"(?P<camera>[^=]+)=(?P<host>[^/=]+)(?:/(?P<channel>[1-9]\d{0,3}))?")
_MAX_BYTES = 16 << 20
_PASSWORD_VARIABLE = "vault_camera_password"  # noqa: S105 # a name


def found_command(
    file: Annotated[
        Path, typer.Argument(help="What `pantau-agent discover --json` printed; - is standard input.")
    ],
    ansible: AnsibleFolder,
    site: Annotated[str, typer.Option(help="The site whose cameras they are.")],
    camera: Annotated[
        list[str] | None,
        typer.Option(help="Which camera a stream is of: gate-north=10.10.1.11, or /2 behind it for channel 2."),
    ] = None,
    user: Annotated[str, typer.Option(help="The user at new cameras.")] = "",
    password_variable: Annotated[
        str, typer.Option(help="The variable of vault.yml with their password.")
    ] = _PASSWORD_VARIABLE,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Write the addresses that were found into Ansible's inventory: host_vars/SITE/cameras.yml.

    A camera that has an address already keeps it. What is found beside becomes a new camera. There is no password
    in it, only the name of the vault's variable that holds it.

    Exit status: 0 it is written, or was so already; 1 it was not wanted, or cannot be written; 2 something in what
    was found, in the inventory or in the options is wrong.
    """
    if as_json and not (yes or dry_run):
        fail("--json does not ask: add --yes, or --dry-run to see what would change")
    with exit_on_error():
        content = read_site(ansible, _slug("--site", site))
    login = {"user": user, "password": f"{{{{ {password_variable} }}}}"} if user else {}
    if not re.fullmatch(r"[A-Za-z_]\w*", password_variable):
        fail(f"--password-variable: {password_variable!r} is no name of a variable, as vault_camera_password")
    try:
        merged = with_found(content, list(found_in(_read(file))), dict(map(_choice, camera or ())), login)
    except ValueError as error:
        fail(f"{file}: {error}")
    if not as_json:
        _print(merged)
    if merged.changes and not dry_run:
        path = path_of(ansible, site)
        if not yes and not may_write(path):
            fail("Nothing is changed.", exit_code=EXIT_NOT_DONE)
        try:
            write_site(ansible, site, merged.content)
        except OSError as error:
            fail(f"{path}: cannot be written: {error.strerror}", exit_code=EXIT_NOT_DONE)
    if as_json:
        written = bool(merged.changes) and not dry_run
        print_json({"site": site, "changes": merged.changes, "remarks": merged.remarks, "written": written})


def _print(merged: Merged) -> None:
    say(*merged.changes or ["Nothing would change: all that was found has its camera."], colour="green")
    say(*merged.remarks, colour="yellow", err=True)


def _read(file: Path) -> Any:
    try:
        text = sys.stdin.read(_MAX_BYTES) if str(file) == "-" else file.read_text("utf-8")[:_MAX_BYTES]
        return json.loads(text)
    except OSError as error:
        fail(f"{file}: cannot be read: {error.strerror}")
    except (ValueError, RecursionError):
        fail(f"{file}: is no JSON: expected what `pantau-agent discover --json` prints")


def _choice(text: str) -> tuple[tuple[str, int], str]:
    found = _CHOICE.fullmatch(text)
    if found is None:
        fail(f"--camera: expected ID=HOST or ID=HOST/CHANNEL, as quay-2=10.10.2.10/2, got {text[:80]!r}")
    return (found["host"], int(found["channel"] or 1)), _slug("--camera", found["camera"])


def _slug(option: str, text: str) -> str:
    try:
        return slug(text)
    except ValueError as error:
        fail(f"{option}: {error}")
