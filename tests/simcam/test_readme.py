import re
from pathlib import Path

import pantau_simcam
from pantau_simcam import Fault, Simcam
from pantau_simcam.faults import PARAMETERS
from tests.simcam.small import spec

README = (Path(pantau_simcam.__file__).parents[1] / "README.md").read_text()


def test_every_fault_is_described_with_its_parameter_and_default() -> None:
    rows = re.findall(r"^\| ((?:`\w+` ?)+)\| (?:`(\w+)`[^(|]*\(([\d.]+)\))? ?\|", README, re.MULTILINE)
    told = {
        name: (parameter or None, float(default) if default else None)
        for names, parameter, default in rows
        for name in re.findall(r"\w+", names)
    }
    real = {fault.value: (p.name, p.default) if (p := PARAMETERS.get(fault)) else (None, None) for fault in Fault}
    assert told == real


async def test_the_example_in_python_works() -> None:
    example = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert example
    lines = example[1].replace('["gate", ', '[spec("gate"), ').splitlines()
    code = "async def example():\n" + "\n".join("    " + line for line in lines)
    scope = {"spec": spec, "Simcam": Simcam}
    exec(code, scope)
    await scope["example"]()  # type: ignore[operator] # it was just defined
