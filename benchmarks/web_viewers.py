"""Viewers of event streams: `python -m benchmarks.web_viewers PORT TOKEN NUMBER`.

Half of them look at the map, the others are programs. The first program's events are printed, each with the time
at which it came (ns).
"""

import asyncio
import sys
import time


async def _view(port: int, token: str, path: str, *, is_printed: bool) -> None:
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
    last_id = b""
    while True:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
        resumed = f"Last-Event-ID: {last_id.decode()}\r\n" if last_id else ""
        writer.write(f"{head}Accept: text/event-stream\r\n{resumed}\r\n".encode())
        while line := await reader.readline():
            came_ns = time.time_ns()
            if line.startswith(b"id: "):
                last_id = line[4:].strip()
            elif is_printed and line.startswith(b"data: {"):
                print(came_ns, line[6:].decode().strip(), flush=True)
        writer.close()


async def _main(port: int, token: str, number: int) -> None:
    paths = ["/api/v1/events", "/map"]
    await asyncio.gather(*(_view(port, token, paths[i % 2], is_printed=i == 0) for i in range(number)))


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
