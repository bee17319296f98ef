"""The collector: stores what agents report, finds outages, notifies people and shows the city."""
