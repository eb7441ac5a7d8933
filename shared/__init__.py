"""The domain both sides know: records, schema, database door, clock, ids, roles, codes, words.

It imports nothing of ours, opens no network and knows no Flask.
"""
