import json
import subprocess
import sys

import pytest


@pytest.mark.parametrize("broker", ["mosquitto where it is installed", "--embedded-broker"])
def test_the_story_comes_as_told(broker: str) -> None:
    options = [broker] if broker.startswith("--") else []
    told = subprocess.run(
        [sys.executable, "-m", "pantau_demo", "--for", "300", "--json", *options],
        capture_output=True,
        text=True,
        timeout=700,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    result = json.loads(told.stdout)
    assert result["wrong"] == []
    assert len(result["notices"]) == 6
