"""What the tests of a build ask for."""

from pathlib import Path

import pytest

from tests.fakes.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site.make(tmp_path)
