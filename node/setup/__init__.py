"""Set-up: all that a node serves before it belongs to a consortium."""
