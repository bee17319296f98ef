import runpy
from pathlib import Path

import yaml

CONTRACT = Path(__file__).parents[2] / "contract"


def test_the_checked_in_document_is_the_contract_as_it_is() -> None:
    document = runpy.run_path(str(CONTRACT / "asyncapi.py"))["document"]()
    checked_in = yaml.safe_load((CONTRACT / "asyncapi.yaml").read_text("utf-8"))
    assert checked_in == document, "run: python contract/asyncapi.py > contract/asyncapi.yaml"
