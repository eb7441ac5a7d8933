"""The two doors at which nodes knock: exchange and enrolment. Bytes in, bytes out."""
