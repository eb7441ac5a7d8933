"""What many tests need: where reference data lies, worlds, clocks."""
