"""The sheet: any map on paper, true to scale."""
