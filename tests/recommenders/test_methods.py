import importlib

import pytest

from semtok.recommenders import METHODS


@pytest.mark.parametrize("method", METHODS)
def test_a_method_has_what_the_rules_ask_for(method):
    module = importlib.import_module(METHODS[method])
    assert callable(module.train)
    assert callable(module.decode)
