"""Why something that a person asked for is not done."""

from pantau_contract.words import Words


class ActionError(Exception):
    """It is not done, and nothing is changed.

    `field` is the name of what must be corrected, empty if it is nothing that the person gave. `key` is that of
    the phrase in `[actions.error]`, `values` are its fields.
    """

    def __init__(self, field: str, key: str, **values: object) -> None:
        super().__init__(key)
        self.field = field
        self.key = key
        self.values = values

    def text(self, words: Words) -> str:
        """Return what is wrong, and what to do, in people's words."""
        return words(f"actions.error.{self.key}", **self.values)
