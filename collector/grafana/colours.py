"""Colours that the colour-blind can tell apart, by Okabe and Ito, and the signs that say the same without colour.

The colours: https://jfly.uni-koeln.de/color/.
"""

from pantau_collector.ledger import Bucket
from pantau_contract.states import State

ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, VERMILION, PURPLE, GREY = "#0072B2", "#D55E00", "#CC79A7", "#999999"
TRANSPARENT = "transparent"
TEXT = "text"
"""Grafana's own colour of text, light or dark as its theme is."""

WELL, WATCH, BAD = GREEN, YELLOW, VERMILION
"""The colours of a measure that is as it should be, that a person should see to, and that is wrong."""

STATE_COLOURS = {
    State.OK: GREEN,
    State.DEGRADED: YELLOW,
    State.IMPAIRED: ORANGE,
    State.DOWN: VERMILION,
    State.UNKNOWN: SKY,
    State.DISABLED: GREY,
}
STATE_SIGNS = {
    State.OK: "●",
    State.DEGRADED: "▼",
    State.IMPAIRED: "◆",
    State.DOWN: "✖",
    State.UNKNOWN: "?",
    State.DISABLED: "–",
}
"""A sign of its own shape for each state, which stands before its name."""

BUCKET_COLOURS = {
    Bucket.WORKING: GREEN,
    Bucket.BELOW_STANDARD: YELLOW,
    Bucket.PICTURE: ORANGE,
    Bucket.CAMERA: VERMILION,
    Bucket.DEVICE: "#8C3D00",
    Bucket.LINK: BLUE,
    Bucket.POWER: PURPLE,
    Bucket.WATCHER: SKY,
    Bucket.MAINTENANCE: "#7FCFB9",
    Bucket.THIRD_PARTY: "#FFD27F",
    Bucket.FORCE_MAJEURE: "#5B2A4B",
    Bucket.OUT_OF_SERVICE: "#D9D9D9",
    Bucket.NOT_KNOWN: GREY,
}
"""There are more buckets than such colours: some are a lighter or darker one. Legend and table name each."""
