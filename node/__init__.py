"""The campus app: what staff touch every day. It never imports `hub`."""
