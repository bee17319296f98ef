"""Read RTMP and HLS streams with FFmpeg, one process for each camera, which may hang or die alone."""
