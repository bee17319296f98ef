"""What an odd camera answers to a GET: JPEGs one after the other, as multipart/x-mixed-replace."""

from fuzzing.odd_camera import OddCamera
from fuzzing.odd_dialogue import challenges
from fuzzing.odd_footage import jpegs

_BOUNDARY = "frame"


class OddMultipart:
    """One client's response. `playing` is set once the client has logged in, if it must."""

    def __init__(self, camera: OddCamera) -> None:
        self.playing = False
        self._camera = camera
        self._end = "\n" if camera.has("line ends", "line feeds alone") else "\r\n"

    def respond(self, request: bytes) -> bytes:
        """Return the head of the response to a GET."""
        asked = challenges(self._camera)
        if asked and b"authorization:" not in request.lower():
            return self._head(["HTTP/1.1 401 Unauthorized", *asked, "Content-Length: 0"])
        self.playing = True
        boundary = {
            "with dashes in the header": f"--{_BOUNDARY}",
            "quoted": f'"{_BOUNDARY}"',
            "other than declared": "other",
        }.get(self._camera.how("boundary"), _BOUNDARY)
        version = "1.0" if self._camera.has("response", "HTTP/1.0") else "1.1"
        lines = [f"HTTP/{version} 200 OK", "Connection: close"]
        if not self._camera.has("response", "without a type"):
            declared = "" if self._camera.has("boundary", "none") else f"; boundary={boundary}"
            lines.append(f"Content-Type: multipart/x-mixed-replace{declared}")
        if self._camera.has("response", "chunked"):
            lines.append("Transfer-Encoding: chunked")
        return self._head(lines)

    def frames(self, number: int) -> bytes:
        """Return what is sent for a picture."""
        if self._camera.has("content", "no packets"):
            return b""
        part = self._part(number)
        if self._camera.has("response", "chunked"):
            return f"{len(part):x}\r\n".encode() + part + b"\r\n"
        return part

    def _part(self, number: int) -> bytes:
        jpeg = jpegs()[number % len(jpegs())]
        if self._camera.has("content", "noise"):
            jpeg = bytes(at * 89 + number & 0xFF for at in range(len(jpeg)))
        elif self._camera.has("content", "pictures cut short"):
            jpeg = jpeg[: len(jpeg) // 3]
        elif self._camera.has("content", "pictures without their end"):
            jpeg = jpeg[:-2]
        head = self._head(self._fields(len(jpeg)))
        boundary, end = f"--{_BOUNDARY}{self._end}".encode(), self._end.encode()
        if self._camera.has("boundary", "after each part"):
            return head + jpeg + end + boundary
        return boundary + head + jpeg + end

    def _fields(self, size: int) -> list[str]:
        length = {"no number": "unknown", "too small": str(size // 2)}.get(self._camera.how("length"), str(size))
        fields = ["Content-Type: image/jpeg", f"Content-Length: {length}"]
        if self._camera.has("part headers", "without a type"):
            fields = fields[1:]
        if self._camera.has("length", "missing"):
            fields = [field for field in fields if not field.startswith("Content-Length")]
        if self._camera.has("part headers", "further ones"):
            fields = ["X-Timestamp: 17.25", *fields, "X-Motion: none"]
        if self._camera.has("part headers", "in lower case"):
            fields = [field.lower() for field in fields]
        return fields

    def _head(self, lines: list[str]) -> bytes:
        return self._end.join([*lines, "", ""]).encode()
