"""The agent as it is, but it tries a camera again after a second, however often that fails.

So each way to do harm is met again and again: `python -m benchmarks.hostile_agent run --config FILE`.
"""

from pantau_agent.cli import app
from pantau_agent.watching import backoff

if __name__ == "__main__":
    vars(backoff).update(FLOOD_HOLDS_S=(1.0,), DELAYS_S=(1.0,))
    app()
