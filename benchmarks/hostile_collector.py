"""The collector that lets a flooding site in again soon: `python -m benchmarks.hostile_collector run ...`.

So each attack has its turn; for the ten minutes that it really takes, all but the first would find the door shut.
"""

from pantau_collector.cli import app
from pantau_collector.intake import quarantine

SHUT_OUT_S = 3

if __name__ == "__main__":
    quarantine.SHUT_OUT_S = SHUT_OUT_S
    app()
