import json
import os
import signal
import urllib.request
from pathlib import Path

from pantau_collector.store import inventory_rows
from tests.collector.commands.command import configured
from tests.collector.commands.state import state
from tests.collector.test_cli import command
from tests.servers.process import Server, free_port, is_listening, until
from tests.servers.screen import WEB, asked


def test_a_changed_inventory_is_taken_up_at_a_reload_and_a_wrong_one_leaves_the_one_before(tmp_path: Path) -> None:
    inventory, wall, log = tmp_path / "inventory.toml", free_port(), tmp_path / "log"

    def names() -> list[str]:
        with urllib.request.urlopen(asked(f"http://127.0.0.1:{wall}/api/city"), timeout=60) as answer:
            return [site["name"] for site in json.load(answer)["sites"]]

    def reload(text: str) -> None:
        inventory.write_text(text)
        os.kill(server.pid, signal.SIGHUP)

    inventory.write_text('[[site]]\nid = "kabil"\nname = "Kabil"\n')
    config = configured(
        tmp_path, inventory="inventory.toml", web={"port": wall, **WEB}, broker={"port": free_port()}
    )
    server = Server(command("run", "--config", config), ready=lambda: is_listening(wall), log=log)
    with server:
        assert names() == ["Kabil"]
        reload('[[site]]\nid = "kabil"\nname = "Simpang Kabil"\n[[site]]\nid = "nongsa"\n')
        assert until(lambda: names() == ["Simpang Kabil", "nongsa"])
        assert until(lambda: recorded(tmp_path) == ["Kabil", "Simpang Kabil", None])
        reload('[[site]]\nid = "kabil"\nnmae = "Kabil"\n')
        assert until(lambda: "the inventory stays as it was" in log.read_text())
        assert "site[1].nmae: there is no such key; did you mean `name`?" in log.read_text()
        assert names() == ["Simpang Kabil", "nongsa"]
        assert len(recorded(tmp_path)) == 3


def recorded(folder: Path) -> list[str | None]:
    """Return the name that each recorded change gives its site."""
    with state(folder) as connection:
        changes = inventory_rows.load_changes(connection)
    return [json.loads(change.entry_json).get("name") for change in changes if change.entry_json]
