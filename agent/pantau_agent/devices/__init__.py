"""Whether the site's switches, recorders and gateway answer on the network."""

from pantau_agent.devices.device_watch import DeviceWatch
from pantau_agent.devices.gateway import GATEWAY, default_gateway, devices_of

__all__ = ["GATEWAY", "DeviceWatch", "default_gateway", "devices_of"]
