"""The vocabulary that every floor above shares: errors, tables, studies, units, provenance."""
