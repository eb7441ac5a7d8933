"""The JSON API of a node, `/api/v1`: the rooms' rules and stores behind another door, nothing of its own.

Log in with POST /api/v1/session; the answer carries a cookie and the `csrf_token` that every write sends
back as the header `X-CSRFToken`. Every refusal has the one error shape.
"""
