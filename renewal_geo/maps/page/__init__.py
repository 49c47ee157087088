"""The page: one file that asks no host for anything, and what stands guard over it."""
