"""The shell around both apps: factory, log-in, rights, error pages, looks.

It holds what node and hub have in common on the web and no business of either. Flask is spoken only in
`app`, `auth`, `db` and `views`.
"""
