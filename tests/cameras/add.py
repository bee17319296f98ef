"""Add a camera to the corpus from the text of an issue: `python -m tests.cameras.add --help`."""

import argparse
import re
import sys
from pathlib import Path

from pantau_agent.rtsp import sdp
from tests.cameras.corpus import ANSWERS, load
from tests.cameras.sanitise import sanitise

_START = re.compile(
    r"(?:^|(?<=\s)|(?<=>)|(?<=\[))(?P<line>(?:RTSP/1\.0 \d{3}|[A-Z_]{4,13} rtsps?://\S+ RTSP/1\.0).*)$"
)
_HEADER = re.compile(r"(?<![\w:/.-])(?P<line>[A-Za-z][A-Za-z-]*:(?!\d).*|[a-z]=.*)$")
_SAFE = re.compile(r"[^a-z0-9]+")


def messages(text: str) -> list[list[str]]:
    """Return the messages in a pasted log, as lines without what the log put before them.

    A message is a line with `RTSP/1.0`, its headers, an empty line, and the lines of a description.
    """
    found: list[list[str]] = []
    for raw in text.splitlines():
        line = raw.rstrip().removesuffix("\\r\\n").removesuffix("\\r")
        if start := _START.search(line):
            found.append([start["line"].strip()])
        elif found and (part := _HEADER.search(line)):
            found[-1].append(part["line"].strip())
    return found


def answers_of(text: str) -> tuple[dict[str, list[str]], str]:
    """Return the answers by method, in their order, and the URL that was asked for; empty if no request is there.

    Raises:
        ValueError: the text holds no answer.
    """
    answers: dict[str, list[str]] = {}
    method, url = "", ""
    for first, *rest in messages(text):
        if not first.startswith("RTSP/"):
            method, address, _ = first.split(" ", 2)
            url = url or (address if method == "DESCRIBE" else "")
            continue
        headers = [line for line in rest if line[1:2] != "="]
        body = [line for line in rest if line[1:2] == "="]
        answer = "\n".join([first, *headers, "", ""]) + "".join(f"{line}\n" for line in body)
        answers.setdefault(method or _guessed(answer), []).append(answer)
        method = ""
    if not answers:
        raise ValueError("no answer found: a line with RTSP/1.0 and a status must be there")
    return answers, url


def _guessed(answer: str) -> str:
    """Return the method that such an answer is given to; pasted reports often leave the requests out."""
    for sign, method in (
        ("\nm=", "DESCRIBE"),
        ("\nTransport:", "SETUP"),
        ("\nPublic:", "OPTIONS"),
        ("\nRTP-Info:", "PLAY"),
    ):
        if sign.lower() in answer.lower():
            return method
    return "DESCRIBE"


def rendered(answers: dict[str, list[str]], *, maker: str, model: str, source: str, odd: str, url: str) -> str:
    """Return the file for a camera, with the expectation that it works; whoever adds it corrects that."""
    description = answers.get("DESCRIBE", [""])[-1].partition("\n\n")[2]
    lines = [
        f"maker = {_text(maker)}",
        f"model = {_text(model)}",
        f"source = {_text(source)}",
        f"odd = {_text(odd)}",
    ]
    lines += [f"url = {_text(url)}", "", "[expect]", *_expected(description), "", "[answers]"]
    for method, texts in answers.items():
        lines += [f"{method} = [", *(f"'''\n{text}'''," for text in texts), "]"]
    return "\n".join(lines) + "\n"


def _expected(description: str) -> list[str]:
    try:
        offered = sdp.parse(description.encode(), "rtsp://192.0.2.10/")
    except sdp.SdpError:
        return ['state = "down"', 'cause = "no_media"']
    video = offered.video()
    lines = ['state = "ok"', f"tracks = [{', '.join(map(_text, offered.encodings()))}]"]
    if video is None:
        return ['state = "down"', 'cause = "unsupported"', lines[1]]
    media = ["", "[media]", f'codec = "{video.codec}"', f"payload_type = {video.payload_type}"]
    return [lines[0], f'codec = "{video.codec}"', lines[1], *media]


def _text(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def add(text: str, folder: Path, *, maker: str, model: str, source: str, odd: str, camera: str = "") -> Path:
    """Write the file for the camera of a pasted dialogue, and return its path.

    Raises:
        ValueError: the text holds no answer, or such a file is there already.
    """
    answers, asked = answers_of(sanitise(text, camera))
    name = "-".join(_SAFE.sub("-", part.lower()).strip("-") for part in (maker, model))
    path = folder / f"{name}.toml"
    if path.exists():
        raise ValueError(f"{path} is there already: give the model something to tell them apart")
    url = asked or "rtsp://192.0.2.10/"
    path.write_text(rendered(answers, maker=maker, model=model, source=source, odd=odd, url=url))
    load(path)
    return path


def main() -> None:
    """Read a dialogue from the standard input and write its file."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--maker", required=True)
    parser.add_argument("--model", required=True, help="model, or what distinguishes this camera")
    parser.add_argument("--source", required=True, help="the report, as owner/repository#number")
    parser.add_argument("--odd", required=True, help="what is unusual about it, in a sentence")
    parser.add_argument(
        "--camera", default="", help="the camera's own address in the text (default: the first one)"
    )
    arguments = parser.parse_args()
    try:
        path = add(sys.stdin.read(), ANSWERS, **vars(arguments))
    except ValueError as error:
        sys.exit(str(error))
    sys.stdout.write(
        f"{path}\nRead it, correct [expect], then: pytest 'tests/cameras/test_answers.py' -k {path.stem}\n"
    )


if __name__ == "__main__":
    main()
