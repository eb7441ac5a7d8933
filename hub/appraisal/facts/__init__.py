"""Facts: what the replicated rows say about each person, with a catalogue of every fact."""
