"""Ready maps: from the tables of a question to what its map says, in one call each."""
