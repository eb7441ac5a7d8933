"""Leave as the rest of the school reads it: how long, who decides, who is away on a date."""
