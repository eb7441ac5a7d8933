"""The API's face of room bookings: its routes and their description."""
