import pytest

from pantau_agent.commands.progress import progress_bar


def test_a_bar_writes_nothing_into_logs(capfd: pytest.CaptureFixture[str]) -> None:
    with progress_bar() as progress:
        progress.advance(progress.add_task("cameras", total=2))
    assert capfd.readouterr() == ("", "")
