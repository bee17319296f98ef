import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

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
    city, contract = (Path(each).read_text("utf-8") for each in result["reports"])
    assert all(site in city for site in ("Simpang Kabil", "Alun-alun Batam Centre", "Pelabuhan Nongsa"))
    assert "Pemeliharaan CCTV" in contract
    assert re.search(r"250[.,]000", contract), "what an outage costs"
    if "too slow" not in told.stderr:
        assert re.search(r"17[.,]500[.,]000", contract), "the fee of 18,000,000, less two outages of 250,000 each"
    for each in result["reports"]:
        assert each in told.stderr.replace("\n", ""), "the story prints where it is"
        shutil.rmtree(Path(each).parent, ignore_errors=True)
