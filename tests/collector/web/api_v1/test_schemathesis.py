"""Questions made out of the document, and by breaking it, are asked of the real application.

PANTAU_SCHEMATHESIS=200 asks so many of each operation rather than a few.
"""

import os
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from pantau_collector.web.api_v1.operation import Operation
from pantau_collector.web.api_v1.routes import OPERATIONS, PREFIX, openapi
from tests.collector.web.api_v1.control_room import OPERATOR, TOKEN, ControlRoom

EXAMPLES = int(os.environ.get("PANTAU_SCHEMATHESIS", "8"))


def _without_security() -> dict[str, Any]:
    """Return the document without what says how one signs in: the token comes with every question here."""
    document = openapi()
    del document["security"]
    for methods in document["paths"].values():
        for described in methods.values():
            described.pop("security", None)
    return document


SCHEMA = schemathesis.openapi.from_dict(_without_security())


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_no_question_breaks_it_or_what_it_promises(operation: Operation, room: ControlRoom) -> None:
    room.who = OPERATOR
    SCHEMA.app = room.app()
    described = SCHEMA[PREFIX + operation.path][operation.method]
    cases = st.one_of(*(described.as_strategy(mode) for mode in GenerationMode))

    @given(case=cases)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=EXAMPLES < 50,
        database=None,
    )
    def ask(case: schemathesis.Case[Any]) -> None:
        # A period may be valid in each of its ends and be empty: no schema can say that.
        case.call_and_validate("http://127.0.0.1", headers=TOKEN, excluded_checks=[positive_data_acceptance])

    ask()
