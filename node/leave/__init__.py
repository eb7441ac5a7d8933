"""Leave: asked for on a phone in half a minute, decided by the step its length needs, its lessons then covered."""
