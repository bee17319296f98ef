"""Loads what a library would load of itself later, when files can no longer be opened."""

import contextlib
import importlib
import pkgutil


def load_whole(package: str) -> None:
    """Import every module of a package. What cannot be imported here would not be there later either."""
    found = importlib.import_module(package)
    for module in pkgutil.walk_packages(found.__path__, f"{package}.", onerror=lambda _name: None):
        with contextlib.suppress(ImportError):
            importlib.import_module(module.name)
