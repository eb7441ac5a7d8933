"""Who read private data: noted at every reading, on node and hub alike, and shown to those who answer for it."""
