"""A letter: the notices that go out to one recipient in one message."""

from enum import StrEnum

from msgspec import Struct

from pantau_collector.notices.notice import Notice, NoticeKind


class Form(StrEnum):
    """What a letter contains: one notice, several of one kind, or everything that was held back."""

    SINGLE = "single"
    GROUP = "group"
    DIGEST = "digest"


class Letter(Struct, frozen=True):
    """The notices that go out to one recipient in one message."""

    form: Form
    notices: tuple[Notice, ...]

    @property
    def kind(self) -> NoticeKind:
        """The kind of the last notice; in a digest that is the final one."""
        return self.notices[-1].kind
