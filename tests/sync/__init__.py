"""The changeset engine: capture, merge, verdicts, exchange, enrolment."""
