"""What every test may lean on: real data, the sample district, no network, no deadlines."""

import os
import socket
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]
LOOPBACK = ("127.0.0.1", "::1", "localhost")

settings.register_profile(
    "renewal-geo",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("renewal-geo")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Root of the real test data; set RENEWAL_GEO_DATA to point elsewhere."""
    folder = Path(os.environ.get("RENEWAL_GEO_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "MANIFEST.md").exists():
        pytest.skip(f"no real data at {folder}: set RENEWAL_GEO_DATA")
    return folder


@pytest.fixture(scope="session")
def sample_study_folder() -> Path:
    """The invented sample district."""
    return ROOT / "data" / "shapefiles"


@pytest.fixture(scope="session", autouse=True)
def closed_network():
    """Nothing may reach a host: a connection beyond this machine fails the test that makes it."""
    connect = socket.socket.connect

    def refuse(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in LOOPBACK:
            raise AssertionError(f"a test tried to reach {address}")
        return connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        yield
