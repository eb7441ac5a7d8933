"""Erasure by law: a person's erasable records, chosen, reasoned, confirmed, gone, and the proof kept."""
