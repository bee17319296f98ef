"""Speaks RTSP and RTP as a camera does."""
