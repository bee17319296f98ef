"""The HTTP client for MJPEG streams, still pictures and HLS playlists, with the parsing kept free of I/O."""
