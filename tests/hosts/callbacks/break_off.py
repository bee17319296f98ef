"""Ends a run of Ansible where a task begins, as a closed laptop does, and counts the tasks."""

import os
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase  # type: ignore[import-untyped]

BROKEN_OFF = 99
"""The status of a run that was ended so."""


class CallbackModule(CallbackBase):  # type: ignore[misc] # Ansible has no types
    """Takes from the environment `PANTAU_BREAK_OFF_AT`, the task's number, and `PANTAU_COUNT_TASKS`, a file."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "break_off"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._begun = 0
        self._at = int(os.environ.get("PANTAU_BREAK_OFF_AT", "0"))

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:  # noqa: ARG002 # Ansible's
        """Count the task, and end the run here if it is the one."""
        self._begun += 1
        if self._begun == self._at:
            self._display.display(f"broken off at task {self._begun}, {task.get_name()}")
            os._exit(BROKEN_OFF)

    def v2_playbook_on_stats(self, stats: Any) -> None:  # noqa: ARG002 # Ansible's
        """Write how many tasks there were."""
        if "PANTAU_COUNT_TASKS" in os.environ:
            Path(os.environ["PANTAU_COUNT_TASKS"]).write_text(str(self._begun))
