"""The agent's decode worker, but hasty: it knows a camera after twelve pictures, not after two hours."""

from pantau_agent.picture import judge, worker
from pantau_agent.picture.settings import Settings


class QuickLearner(judge.Judge):
    """A judge that has been told not to wait."""

    def __init__(self, interval_s: float) -> None:
        super().__init__(interval_s, Settings(learning_s=0))


if __name__ == "__main__":
    worker.Judge = QuickLearner  # type: ignore[attr-defined, assignment] # it stands there, though it is not meant to be taken
    worker.main()
