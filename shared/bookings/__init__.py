"""Rooms booked, as node and hub see them: who occupies what, the deciding campus's rule (C8), alternatives."""
