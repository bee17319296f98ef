"""Compares what watching a camera costs with other programs, in one run: `python -m benchmarks.watching`.

The cameras are simulated in another process. Only the watcher's processor time counts, user and system, over a
window after its start-up. Absolute times are this machine's; the ratios are portable. The floor is a loop in C
that only receives the same bytes; without a C compiler it is left out, and the output says so. With `--scale` only
ours is measured, on more and more cameras.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.watchers.floor import compile_loop

OURS = "pantau"
FLOOR = "floor: received only, in C"
_SETTLE_S = 6.0
"""Seconds of start-up before the window."""
SCALE = 1, 16, 64, 256, 1024
"""Numbers of cameras with `--scale`."""


@dataclass(frozen=True, slots=True)
class Stream:
    """The stream that each camera sends."""

    name: str
    size: str
    fps: int
    kbps: int


SUB = Stream("640x360, 400 kbit/s", "640x360", 25, 400)
MAIN = Stream("1080p, 4.5 Mbit/s", "1920x1080", 25, 4500)


@dataclass(frozen=True, slots=True)
class Cost:
    """One watcher's cost: milliseconds of processor time per camera and second, resident megabytes (10^6) in all.

    `ratio` is its time relative to ours for the same stream and number of cameras; `of_floor` is relative to the
    floor's, None if that was not measured. `kbps` is what it read from each camera, 0 if unknown (only read(2) is
    counted, which uvloop and the floor use): a watcher that receives less costs less.
    """

    stream: str
    watcher: str
    cameras: int
    cpu_ms: float
    resident_mb: float
    ratio: float = 1.0
    kbps: float = 0.0
    of_floor: float | None = None


def commands(urls: Sequence[str], floor: Path | None) -> dict[str, list[list[str]]]:
    """Return each watcher's commands for these cameras, with ffmpeg and ffprobe if they are installed.

    `floor` is the program that only receives, or None if it could not be compiled.
    """
    python = [sys.executable, "-m"]
    found = {} if floor is None else {FLOOR: [[*python, "benchmarks.watchers.floor", str(floor), *urls]]}
    found |= {
        OURS: [[*python, "benchmarks.watchers.pantau", *urls]],
        "PyAV demux": [[*python, "benchmarks.watchers.pyav", *urls]],
        "OpenCV read": [[*python, "benchmarks.watchers.opencv", *urls]],
    }
    if ffmpeg := shutil.which("ffmpeg"):
        copy = [ffmpeg, "-v", "error", "-nostdin", "-rtsp_transport", "tcp", "-i"]
        found["ffmpeg -c copy"] = [[*copy, url, "-c", "copy", "-f", "null", "-"] for url in urls]
    if ffprobe := shutil.which("ffprobe"):
        show = [ffprobe, "-v", "error", "-rtsp_transport", "tcp", "-show_entries", "packet=flags,size"]
        found["ffprobe packets"] = [[*show, url] for url in urls]
    return found


@contextmanager
def cameras(stream: Stream, count: int) -> Iterator[list[str]]:
    """Run simulated cameras in another process and yield their URLs."""
    command = [sys.executable, "-m", "pantau_simcam", "--json", "--cameras", str(count)]
    command += ["--size", stream.size, "--fps", str(stream.fps), "--bitrate", str(stream.kbps)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield list(json.loads(process.stdout.readline())["cameras"].values())
        finally:
            process.terminate()


def measure(stream: Stream, watcher: str, processes: list[list[str]], count: int, seconds: float) -> Cost:
    """Run a watcher and return its cost after start-up, without that of its children (our decode worker)."""
    running = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for command in processes]
    try:
        watched = [psutil.Process(process.pid) for process in running]
        time.sleep(_SETTLE_S + count / 20)
        before, read, began = _cpu_s(watched), _bytes_read(watched), time.monotonic()
        time.sleep(seconds)
        took = time.monotonic() - began
        cpu_ms = (_cpu_s(watched) - before) / took / count * 1000
        kbps = (_bytes_read(watched) - read) * 0.008 / took / count
        resident = sum(process.memory_info().rss for process in watched) / 1e6
        if any(process.poll() is not None for process in running):
            raise RuntimeError(f"{watcher} ended by itself")
    finally:
        for process in running:
            process.kill()
            process.wait()
    return Cost(stream.name, watcher, count, cpu_ms, resident, kbps=kbps if watcher in {OURS, FLOOR} else 0.0)


def compare(stream: Stream, count: int, seconds: float, floor: Path | None, console: Console) -> list[Cost]:
    """Measure every watcher on the same cameras, one after the other."""
    costs = []
    with cameras(stream, count) as urls:
        for watcher, processes in commands(urls, floor).items():
            with console.status(f"{stream.name}: {watcher}, {count} cameras ..."):
                costs.append(measure(stream, watcher, processes, count, seconds))
        if sample := one_sample(stream, urls[0], seconds):
            costs.append(sample)
    return relative(costs)


def relative(costs: list[Cost]) -> list[Cost]:
    """Return the costs of one stream and number of cameras, relative to ours and to the floor."""
    cpu_ms = {cost.watcher: cost.cpu_ms for cost in costs}
    floor = cpu_ms.get(FLOOR)
    return [
        replace(cost, ratio=cost.cpu_ms / cpu_ms[OURS], of_floor=cost.cpu_ms / floor if floor else None)
        for cost in costs
    ]


def one_sample(stream: Stream, url: str, seconds: float) -> Cost | None:
    """Return the cost of an `ffmpeg -c copy` that is started for each sample, including its start-up."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        return None
    command = [ffmpeg, "-v", "error", "-nostdin", "-rtsp_transport", "tcp", "-i", url, "-t", str(seconds)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*command, "-c", "copy", "-f", "null", "-"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(stream.name, f"ffmpeg -c copy, a look of {seconds:g} s", 1, cpu_s / seconds * 1000, 0)


def alone(stream: Stream, count: int, seconds: float, console: Console) -> Cost:
    """Measure our watcher alone, on many cameras."""
    with cameras(stream, count) as urls, console.status(f"{stream.name}: {OURS}, {count} cameras ..."):
        return measure(stream, OURS, commands(urls, None)[OURS], count, seconds)


def beside_floor(stream: Stream, count: int, seconds: float, floor: Path | None, console: Console) -> list[Cost]:
    """Measure the floor and our watcher, on the same cameras and one after the other."""
    costs = []
    with cameras(stream, count) as urls:
        for watcher, processes in commands(urls, floor).items():
            if watcher in {FLOOR, OURS}:
                with console.status(f"{stream.name}: {watcher}, {count} cameras ..."):
                    costs.append(measure(stream, watcher, processes, count, seconds))
    return relative(costs)


def write(costs: list[Cost], directory: Path) -> None:
    """Write the costs at scale as Markdown table, JSON and plot."""
    from benchmarks.watching_plot import plot  # noqa: PLC0415 # matplotlib takes a second, and only this needs it

    directory.mkdir(parents=True, exist_ok=True)
    lines = [
        "| cameras | ms CPU a camera-second | resident, MB | read, kbit/s each |",
        "| ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {cost.cameras:,} | {cost.cpu_ms:.2f} | {cost.resident_mb:.1f} | {cost.kbps:.0f} |" for cost in costs
    ]
    (directory / "watching-scale.md").write_text("\n".join(lines) + "\n", "utf-8")
    (directory / "watching-scale.json").write_text(json.dumps([asdict(cost) for cost in costs]), "utf-8")
    counts = [cost.cameras for cost in costs]
    path = directory / "watching-scale.png"
    plot(counts, [cost.cpu_ms for cost in costs], [cost.resident_mb for cost in costs], path)


def show(costs: list[Cost], console: Console) -> None:
    """Print the table."""
    table = Table(
        "stream",
        "watcher",
        title="Processor time, beside ours (ratio) and the floor, and resident memory; the decode worker aside",
    )
    for heading in ("cameras", "ms/camera-s", "ratio", "of floor", "MB"):
        table.add_column(heading, justify="right", no_wrap=True)
    for cost in costs:
        table.add_row(
            cost.stream,
            cost.watcher,
            str(cost.cameras),
            f"{cost.cpu_ms:.2f}",
            f"{cost.ratio:.1f} x",
            f"{cost.of_floor:.1f} x" if cost.of_floor is not None else "",
            f"{cost.resident_mb:.1f}" if cost.resident_mb else "",
        )
    console.print(table)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--seconds", type=float, default=20, help="of each window; 20 is one turn of exact arrival times"
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--scale", action="store_true", help="ours alone, up to 1,024 cameras: some minutes")
    parser.add_argument("--out", type=Path, help="with --scale: a directory for its table and plot")
    options = parser.parse_args()
    console = Console(stderr=options.json)
    if options.scale:
        costs = [alone(SUB, count, options.seconds, console) for count in SCALE]
        if options.out is not None:
            write(costs, options.out)
    else:
        with tempfile.TemporaryDirectory() as directory:
            floor = compile_loop(Path(directory))
            if floor is None:
                console.print("The floor is left out: there is no C compiler here.")
            costs = compare(SUB, 8, options.seconds, floor, console)
            costs += compare(MAIN, 4, options.seconds, floor, console)
            costs += beside_floor(SUB, 64, options.seconds, floor, console)
    if options.json:
        print(json.dumps([asdict(cost) for cost in costs]))
    else:
        show(costs, console)
    return 0


def _cpu_s(processes: list[psutil.Process]) -> float:
    times = [process.cpu_times() for process in processes]
    return sum(each.user + each.system for each in times)


def _bytes_read(processes: list[psutil.Process]) -> int:
    return sum(process.io_counters().read_chars for process in processes)


if __name__ == "__main__":
    sys.exit(main())
