"""Where the files are that a release is made of."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""The repository's top folder."""
PYPROJECT = ROOT / "pyproject.toml"
CHANGELOG = ROOT / "CHANGELOG.md"
LOCKS = ROOT / "locks"
