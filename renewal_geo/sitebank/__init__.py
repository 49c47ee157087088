"""Which off-site land answers which need."""
