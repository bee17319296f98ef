"""What a process that decodes pictures of strangers may take, and what of the machine it gives up."""

import os
import resource

NICE = 10
"""How far it steps back behind the collector's own work."""
_FILES = 64


def limit(*, memory_bytes: int, cpu_s: int, file_bytes: int) -> None:
    """Limit this process for good; beyond the limits it ends.

    Args:
        memory_bytes: address space.
        cpu_s: seconds of computing.
        file_bytes: the size of a file that it writes.
    """
    os.nice(NICE)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_FILES, _FILES))
