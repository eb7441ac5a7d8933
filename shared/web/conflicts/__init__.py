"""The inbox of both apps: fields that two sides filled differently, and domain conflicts (C4, C5, C7)."""
