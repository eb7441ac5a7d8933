"""Words of both apps: `en.tsv` is written by people, the catalogue is made from all lists by `scripts/messages.py`."""
