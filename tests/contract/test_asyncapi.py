import runpy
from pathlib import Path

CONTRACT = Path(__file__).parents[2] / "contract"


def test_the_checked_in_document_is_the_contract_as_it_is() -> None:
    text = runpy.run_path(str(CONTRACT / "asyncapi.py"))["text"]()
    assert (CONTRACT / "asyncapi.yaml").read_text("utf-8") == text, (
        "run: python contract/asyncapi.py > contract/asyncapi.yaml"
    )
