"""Cards of guest pupils, the same room on node and hub: ordered, followed to the other campus, withdrawn."""
