"""Why something that a program asked for is not done, as a problem."""

from http import HTTPStatus

from pantau_collector.actions.action_error import ActionError
from pantau_collector.web.api_v1.problem import RefusedError
from pantau_contract.words import words

_STATUS = {
    "no_incident": HTTPStatus.NOT_FOUND,
    "incident_over": HTTPStatus.CONFLICT,
    "nothing_lost": HTTPStatus.CONFLICT,
    "incident_of_others": HTTPStatus.FORBIDDEN,
    "target_of_others": HTTPStatus.FORBIDDEN,
}
"""Of errors that no other field would mend."""
_FIELDS = {"for": "duration_s", "from": "since"}
"""How the API calls the fields of the pages' forms."""


def refused_action(error: ActionError) -> RefusedError:
    """Return the refusal of an action, in English."""
    field = _FIELDS.get(error.field, error.field)
    return RefusedError(_STATUS.get(error.key, HTTPStatus.UNPROCESSABLE_ENTITY), error.text(words("en")), field)
