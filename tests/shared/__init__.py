"""What both apps know."""
