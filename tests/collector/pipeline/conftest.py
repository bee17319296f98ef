"""The played city, shared with the tests of incidents."""

from tests.collector.incidents.conftest import play

__all__ = ["play"]
