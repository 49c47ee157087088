"""``python -m renewal_geo`` is the command ``renewal-geo``."""

from renewal_geo.cli.app import script

script()
