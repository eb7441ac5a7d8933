"""Domain conflicts (C7): pure validators of the merged state, one a file; `store` feeds and runs them."""
