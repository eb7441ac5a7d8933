"""What the registers of all campuses add up to, class by class."""
