"""The board of campuses: how far each is, enrolment of nodes, revocation, quarantine."""
