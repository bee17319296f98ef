"""The camera password for a command: from a file, the environment or a prompt, never from an argument."""

import os
import sys
from pathlib import Path

import typer
from pydantic import SecretStr

from pantau_agent.config import Camera
from pantau_agent.streams.credentials import Credentials
from pantau_contract.words import Words

PASSWORD_VARIABLE = "PANTAU_CAMERA_PASSWORD"  # noqa: S105 # the name of a variable
"""Environment variable that holds the password."""


def from_environment(camera: Camera) -> Camera:
    """Return a configured camera with the password that the variable gives, if none is known of it otherwise."""
    password = os.environ.get(PASSWORD_VARIABLE)
    if not camera.lacks_password or not password:
        return camera
    return camera.model_copy(update={"password": SecretStr(password)})


def credentials(user: str | None, file: Path | None, say: Words) -> Credentials | None:
    """Return the user and the password, or None if no user is given.

    Raises:
        typer.BadParameter: the file cannot be read, there is no password, an empty one, or one without a user.
    """
    if user is None:
        if file is not None:
            raise typer.BadParameter("there is a password and no user: give --user too")
        return None
    password = os.environ.get(PASSWORD_VARIABLE)
    if file is not None:
        try:
            password = file.read_text("utf-8-sig").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise typer.BadParameter(f"--password-file {file} cannot be read: {reason}") from None
    if password is None:
        if not sys.stdin.isatty():
            raise typer.BadParameter(f"no password for {user}: give --password-file, or set {PASSWORD_VARIABLE}")
        typed: str = typer.prompt(say("probe.password", user=user), hide_input=True, err=True)
        password = typed
    if not password:
        raise typer.BadParameter(
            f"the password of {user} is empty: cameras lock the account of who tries wrong ones"
        )
    return Credentials(user, password)
