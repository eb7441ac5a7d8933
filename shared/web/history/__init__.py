"""The latest actions of both apps: who did what, and the way to take one back as a whole (precise point 6)."""
