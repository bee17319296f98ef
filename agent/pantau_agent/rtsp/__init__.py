"""The RTSP client: the protocol without I/O, and the modules that do the I/O (`connection` for TCP, `udp`)."""
