"""What the tests of planning begin with."""

import pytest
import yaml

from support.project import ROOT


@pytest.fixture
def raw():
    return yaml.load((ROOT / "config" / "config.yaml").read_text(), yaml.CSafeLoader)
