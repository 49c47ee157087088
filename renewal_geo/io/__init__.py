"""The loading bay: the only place where users' files are opened, and where answers are written."""

from renewal_geo.io.batches import Batches, read_batches
from renewal_geo.io.carried import carry_rasters
from renewal_geo.io.criteria_tables import CriteriaTable, read_criteria
from renewal_geo.io.files import Stage, staged, write_bytes, write_json, write_text
from renewal_geo.io.geopackages import write_layers
from renewal_geo.io.geoparquets import write_parquet
from renewal_geo.io.layers import layers_in, read_layer
from renewal_geo.io.losses import Loss, Written
from renewal_geo.io.proposals import Proposal, propose, write_proposal
from renewal_geo.io.published import hash_of, read_certificate, read_published
from renewal_geo.io.rasters import read_raster, study_raster
from renewal_geo.io.samples import sample_study
from renewal_geo.io.shapefiles import write_shapefile
from renewal_geo.io.studies import open_layer, open_study
from renewal_geo.io.styles import graduated_style, layer_style, symbol_kind
from renewal_geo.io.tables import read_table
from renewal_geo.io.toml import as_toml

__all__ = [
    "Batches",
    "CriteriaTable",
    "Loss",
    "Proposal",
    "Stage",
    "Written",
    "as_toml",
    "carry_rasters",
    "graduated_style",
    "hash_of",
    "layer_style",
    "layers_in",
    "open_layer",
    "open_study",
    "propose",
    "read_batches",
    "read_certificate",
    "read_criteria",
    "read_layer",
    "read_published",
    "read_raster",
    "read_table",
    "sample_study",
    "staged",
    "study_raster",
    "symbol_kind",
    "write_bytes",
    "write_json",
    "write_layers",
    "write_parquet",
    "write_proposal",
    "write_shapefile",
    "write_text",
]
