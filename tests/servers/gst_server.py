"""Run GStreamer's RTSP server with a moving test picture on each mount, under Debian's Python, which has `gi`.

usage: gst_server.py PORT WIDTH HEIGHT FPS [AUTHENTICATION USER PASSWORD]
mounts: /h264, /h265, /mjpeg; /udp is /h264 without TCP; /audio has audio before the video of /h264
AUTHENTICATION: digest or basic
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

ENCODERS = {
    "h264": "x264enc tune=zerolatency speed-preset=ultrafast bitrate=400 key-int-max={fps}"
    " ! rtph264pay name=pay0 pt=96 config-interval=-1",
    "h265": "x265enc tune=zerolatency speed-preset=ultrafast bitrate=400 key-int-max={fps}"
    " ! rtph265pay name=pay0 pt=96 config-interval=-1",
    "mjpeg": "jpegenc quality=60 ! rtpjpegpay name=pay0 pt=26",
}
ENCODERS["udp"] = ENCODERS["h264"]
ENCODERS["audio"] = (
    ENCODERS["h264"].replace("pay0", "pay1")
    + " audiotestsrc is-live=true ! audio/x-raw,rate=8000 ! alawenc ! rtppcmapay name=pay0 pt=8"
)
SOURCE = (
    "videotestsrc is-live=true pattern=zone-plate kx2=20 ky2=20 kt=1"
    " ! video/x-raw,format=I420,width={width},height={height},framerate={fps}/1"
)


def main(
    port: str, width: str, height: str, fps: str, authentication: str = "", user: str = "", password: str = ""
) -> None:
    Gst.init(None)
    server = GstRtspServer.RTSPServer.new()
    server.set_address("127.0.0.1")
    server.set_service(port)
    for mount, encoder in ENCODERS.items():
        factory = GstRtspServer.RTSPMediaFactory()
        size = {"width": width, "height": height, "fps": fps}
        factory.set_launch(f"( {SOURCE} ! {encoder} )".format(**size))
        factory.set_shared(True)
        if mount == "udp":
            factory.set_protocols(GstRtsp.RTSPLowerTrans.UDP)
        if authentication:
            permissions = "user,media.factory.access=(boolean)true,media.factory.construct=(boolean)true"
            factory.add_role_from_structure(Gst.Structure.from_string(permissions)[0])
        server.get_mount_points().add_factory(f"/{mount}", factory)
    if authentication:
        auth = GstRtspServer.RTSPAuth.new()
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", "user")
        if authentication == "basic":
            auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
        else:
            auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
            auth.add_digest(user, password, token)
        server.set_auth(auth)
    server.attach(None)
    GLib.MainLoop().run()


main(*sys.argv[1:])
