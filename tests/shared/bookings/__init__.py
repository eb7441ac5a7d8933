"""Shared rules and reads of room bookings."""
