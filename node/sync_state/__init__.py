"""The state of sync in words: what is safe at the hub, what waits, what was refused, what time it is."""
