"""The HTTP client for MJPEG, stills and HLS playlists, and RTSP tunnelled in HTTP; parsing is kept free of I/O."""
