"""The node's room: bookings."""
