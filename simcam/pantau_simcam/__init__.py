"""Simulates RTSP cameras that fail on request in the ways that real ones do."""

from pantau_simcam.camera import Authentication, CameraSpec, Counts
from pantau_simcam.faults import Fault, FaultError, FaultSetting
from pantau_simcam.footage.take import Codec
from pantau_simcam.simcam import Simcam, UnknownCameraError

__all__ = [
    "Authentication",
    "CameraSpec",
    "Codec",
    "Counts",
    "Fault",
    "FaultError",
    "FaultSetting",
    "Simcam",
    "UnknownCameraError",
]
