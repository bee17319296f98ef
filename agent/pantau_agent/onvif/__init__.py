"""A small ONVIF client: find devices, ask what they are and where their streams are."""
