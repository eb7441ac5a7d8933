"""One file a protocol step, with both halves and the messages between them."""
