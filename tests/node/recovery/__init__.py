"""After a power cut, and when the clock is doubted."""
