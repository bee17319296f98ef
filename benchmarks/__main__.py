"""Prints every benchmark's table in one run: `python -m benchmarks`."""

import subprocess
import sys

TABLES = ("watching", "picture", "faults", "wire", "ingest", "incidents", "incident_year")


def main() -> int:
    """Runs each table as a process of its own, so that none inherits another's memory."""
    codes = []
    for name in TABLES:
        print(f"\n## {name}\n", flush=True)
        codes.append(
            subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *sys.argv[1:]], check=False).returncode
        )
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
