"""Domain conflicts in school words: cards, the buttons that fit, and "leave it so" (C7)."""
