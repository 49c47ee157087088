"""Geometry without policy: facing lengths, areas by class, polygons."""
