"""The office: people, memberships, accounts, campuses, terms, calendar, classes; and importing them all."""
