"""A camera's model and firmware: asked from the camera, remembered, and compared with the firmware notes."""
