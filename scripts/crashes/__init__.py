"""Real processes killed by the hundred: the command behind scripts/crash.py."""
