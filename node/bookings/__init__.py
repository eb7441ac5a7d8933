"""Room bookings: the week grid of rooms, asking for one, the answers of the campus that decides (C8)."""
