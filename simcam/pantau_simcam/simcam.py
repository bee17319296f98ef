"""Runs any number of simulated RTSP cameras in one event loop."""

import asyncio
import ssl
from collections.abc import Iterable
from types import TracebackType
from typing import Self
from urllib.parse import quote

from pantau_simcam.camera import Camera, CameraSpec, Counts
from pantau_simcam.control import Control
from pantau_simcam.faults import Fault, FaultSetting
from pantau_simcam.footage.library import Library
from pantau_simcam.footage.take import Take
from pantau_simcam.listener import Listener
from pantau_simcam.pacer import Pacer
from pantau_simcam.rtsp.carriers import UdpPorts
from pantau_simcam.rtsp.connection import Connection, Find

SCENES = 4
"""Different streets that the cameras share unless their specification names one."""
EXPIRY_CHECK_S = 0.25
"""Seconds between two searches for sessions that have timed out."""
LOOPBACK = "127.0.0.1"
"""The control interface has no password, so it listens on loopback only."""


class UnknownCameraError(KeyError):
    """No camera has the requested id."""

    def __str__(self) -> str:
        return str(self.args[0])


class Simcam:
    """`async with Simcam(["gate", "road"]) as simcam: simcam.url("gate")`.

    Args:
        cameras: ids, or specifications.
        host: address of this machine on which the cameras listen, IPv4 or IPv6.
        rtsp_port: 0 for a free port; with `port_per_camera` the first of a row of ports, or 0 for free ones.
        control_port: port of the HTTP control interface, on loopback; 0 for a free one, None for no interface.
        port_per_camera: gives each camera its own port, as a real one has. Only then does the kernel refuse the
            connection under `refuse`; otherwise it is closed at its first request.
        tls: makes the cameras speak TLS; their URLs begin with rtsps then.

    Raises:
        ValueError: two cameras have the same id, or the same path on one port.
        OSError: a port is taken.
    """

    def __init__(
        self,
        cameras: Iterable[str | CameraSpec],
        *,
        host: str = "127.0.0.1",
        rtsp_port: int = 0,
        control_port: int | None = None,
        port_per_camera: bool = False,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        specs = [CameraSpec(camera) if isinstance(camera, str) else camera for camera in cameras]
        self._cameras = {
            spec.id: Camera(spec, scene=i % SCENES, offset_s=i // SCENES * spec.gop_s)
            for i, spec in enumerate(specs)
        }
        if len(self._cameras) < len(specs):
            raise ValueError("two cameras have the same id")
        self._by_path = {camera.path: camera for camera in self._cameras.values()}
        if not port_per_camera and len(self._by_path) < len(specs):
            raise ValueError("two cameras have the same path; give each a port of its own (port_per_camera)")
        self._host = host
        self._rtsp_port = rtsp_port
        self._control_port = control_port
        self._port_per_camera = port_per_camera
        self._tls = tls
        self._listeners: dict[str, Listener] = {}
        self._connections: set[Connection] = set()
        self._control: Control | None = None

    @property
    def cameras(self) -> tuple[str, ...]:
        """The ids of all cameras."""
        return tuple(self._cameras)

    @property
    def control_url(self) -> str:
        """The address of the control interface."""
        if self._control is None:
            raise RuntimeError("started without a control interface: give a control_port")
        return f"http://{LOOPBACK}:{self._control.port}"

    def port(self, camera: str) -> int:
        """Return the RTSP port of a camera."""
        return self._listeners[self._camera(camera).spec.id].port

    def url(self, camera: str, *, credentials: bool = False) -> str:
        """Return the RTSP URL of a camera, with its user and password if `credentials`."""
        found = self._camera(camera)
        spec = found.spec
        login = (
            f"{quote(spec.user, safe='')}:{quote(spec.password, safe='')}@" if credentials and spec.user else ""
        )
        scheme, host = "rtsps" if self._tls else "rtsp", f"[{self._host}]" if ":" in self._host else self._host
        return f"{scheme}://{login}{host}:{self.port(camera)}{quote(found.path, safe='/?=&%')}"

    def counts(self, camera: str) -> Counts:
        """Return the counts of a camera's sessions: open now, the maximum at once, TEARDOWNs and more."""
        return self._camera(camera).counts

    def fault(self, camera: str) -> FaultSetting | None:
        """Return a camera's fault, or None if it is well."""
        return self._camera(camera).setting

    def set_fault(self, camera: str, fault: Fault | str, /, **parameters: float) -> None:
        """Make a camera fail at once, in place of any other fault: `set_fault("gate", Fault.LOSS, percent=10)`.

        Raises:
            UnknownCameraError: there is no such camera.
            FaultError: the fault does not exist or cannot have this parameter.
        """
        found = self._camera(camera)
        setting = FaultSetting.of(fault, parameters)
        found.set_fault(setting, self._loop.time())
        if self._port_per_camera:
            if setting.fault is Fault.REFUSE:
                self._listeners[camera].refuse()
            else:
                self._listeners[camera].accept()
        for connection in list(self._connections):
            connection.apply_fault(found, setting.fault)

    def clear(self, camera: str) -> None:
        """End a camera's fault.

        Raises:
            UnknownCameraError: there is no such camera.
        """
        self._camera(camera).clear()
        self._listeners[camera].accept()

    def status(self, camera: str) -> dict[str, object]:
        """Return the state of a camera as the control interface shows it."""
        found = self._camera(camera)
        return {
            "id": camera,
            "url": self.url(camera),
            "codec": found.spec.codec.value,
            "fault": found.setting.as_json() if found.setting else None,
            "sessions": found.counts.as_json(),
            "late_s": round(self._pacer.late_s, 1),
        }

    async def filmed(self) -> None:
        """Wait until the footage of all cameras is ready; a DESCRIBE is answered only then."""
        await asyncio.gather(*map(self._library.get, self._takes()))

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._library = Library()
        self._pacer = Pacer(self._loop)
        self._ports = UdpPorts(self._host)
        try:
            self._listen()
            if self._control_port is not None:
                self._control = Control(self, LOOPBACK, self._control_port)
                await self._control.start()
        except BaseException:
            self._close()
            raise
        for take in self._takes():
            self._library.ready(take)
        self._expiry = asyncio.create_task(self._expire())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._expiry.cancel()
        if self._control is not None:
            await self._control.stop()
        self._close()

    def _close(self) -> None:
        self._pacer.stop()
        for listener in self._listeners.values():
            listener.close()
        for connection in list(self._connections):
            connection.end()
        self._ports.close()
        self._library.close()

    def _takes(self) -> list[Take]:
        return list(dict.fromkeys(camera.usual_take for camera in self._cameras.values()))

    def _listen(self) -> None:
        if not self._port_per_camera:
            listener = self._listener_on(self._rtsp_port, self._by_path.get)
            self._listeners = dict.fromkeys(self._cameras, listener)
            return
        for i, (name, camera) in enumerate(self._cameras.items()):
            port = self._rtsp_port + i if self._rtsp_port else 0
            self._listeners[name] = self._listener_on(port, {camera.path: camera}.get)

    def _listener_on(self, port: int, find: Find) -> Listener:
        listener = Listener(
            self._host,
            port,
            lambda: Connection(find, self._library, self._pacer, self._ports, self._connections),
            self._tls,
        )
        listener.accept()
        return listener

    def _camera(self, camera: str) -> Camera:
        found = self._cameras.get(camera)
        if found is None:
            raise UnknownCameraError(f"no camera {camera!r}; there are {', '.join(self._cameras)}")
        return found

    async def _expire(self) -> None:
        while True:
            await asyncio.sleep(EXPIRY_CHECK_S)
            for connection in list(self._connections):
                connection.expire(self._loop.time())
