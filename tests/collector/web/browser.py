"""A real browser and a real server, for tests and for pictures of the wall."""

import contextlib
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright
from starlette.applications import Starlette

from tests.servers.process import free_port

DESKTOP = (1920, 1080)
PHONE = (390, 844)
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
_TIMEOUT_MS = 60_000


@contextlib.contextmanager
def serving(app: Starlette) -> Iterator[str]:
    """Serve the application on a free port of loopback, and yield its address."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started:
        assert thread.is_alive(), "the web server has ended"
        assert time.monotonic() < deadline, "the web server did not start"
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(60)


def chromium() -> str | None:
    """Return the path of Chromium, or None if it is not installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextlib.contextmanager
def browsing() -> Iterator[Browser]:
    """Start Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=_ARGUMENTS, timeout=_TIMEOUT_MS)
        try:
            yield browser
        finally:
            browser.close()


def new_page(browser: Browser, size: tuple[int, int] = DESKTOP, *, scale: float = 1, script: bool = True) -> Page:
    """Return an empty page in a profile of its own; `size` is in CSS pixels."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, device_scale_factor=scale, java_script_enabled=script
    )
    context.set_default_timeout(_TIMEOUT_MS)
    return context.new_page()


def photograph(
    url: str, file: Path, size: tuple[int, int] = DESKTOP, *, scale: float = 1, whole: bool = False
) -> None:
    """Save a PNG of the page at `url` with its pictures loaded; `whole` includes what is below the screen."""
    with browsing() as browser:
        page = new_page(browser, size, scale=scale)
        page.goto(url, wait_until="networkidle")
        page.evaluate("document.fonts.ready")
        page.screenshot(path=file, full_page=whole)
