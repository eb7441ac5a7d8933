"""The shell around both apps."""
