"""What was measured of each camera lately, for its page: kept by the collector itself, beside any InfluxDB."""

from pantau_collector.measures.files import MeasureFiles
from pantau_collector.measures.keeper import MeasureKeeper
from pantau_collector.measures.measure import MEASURES, Figures, Measure, Slot

__all__ = ["MEASURES", "Figures", "Measure", "MeasureFiles", "MeasureKeeper", "Slot"]
