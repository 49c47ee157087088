"""The loading bay: the only place where users' files are opened, and where answers are written."""

from renewal_geo.io.files import Stage, staged, write_bytes, write_json, write_text
from renewal_geo.io.geopackages import write_layers
from renewal_geo.io.layers import layers_in, read_layer
from renewal_geo.io.proposals import Proposal, propose, write_proposal
from renewal_geo.io.published import hash_of, read_certificate, read_published
from renewal_geo.io.samples import sample_study
from renewal_geo.io.shapefiles import write_shapefile
from renewal_geo.io.studies import open_layer, open_study
from renewal_geo.io.styles import layer_style
from renewal_geo.io.tables import read_table
from renewal_geo.io.toml import as_toml

__all__ = [
    "Proposal",
    "Stage",
    "as_toml",
    "hash_of",
    "layer_style",
    "layers_in",
    "open_layer",
    "open_study",
    "propose",
    "read_certificate",
    "read_layer",
    "read_published",
    "read_table",
    "sample_study",
    "staged",
    "write_bytes",
    "write_json",
    "write_layers",
    "write_proposal",
    "write_shapefile",
    "write_text",
]
