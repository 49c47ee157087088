"""What may leave the house: released columns, a coarse grid, no figure of few owners."""
