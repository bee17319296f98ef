"""The same list as a plain JSON response of Starlette, a peer: `python -m benchmarks.web_peer PORT FILE`."""

import json
import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


def main(port: int, path: Path) -> None:
    """Serve the list until ended."""
    items = json.loads(path.read_bytes())

    async def answer(_request: Request) -> JSONResponse:
        return JSONResponse(items)

    app = Starlette(routes=[Route("/", answer)], middleware=[Middleware(GZipMiddleware, compresslevel=5)])
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error")


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
