"""Which units may be listed: every criterion with its figure, its limit and its source."""
