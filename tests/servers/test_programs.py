"""The programs of the tests are forked: started anew, each of hundreds would import for seconds."""

import os
import sys

import pytest

from tests.servers.programs import ALL, ONE_THREAD, imported_alike


@pytest.mark.skipif(sys.platform != "linux", reason="programs are forked on Linux alone")
def test_no_variable_that_a_test_module_sets_when_it_is_imported_keeps_programs_from_being_forked() -> None:
    assert imported_alike({**os.environ, **ONE_THREAD}) == ALL


def test_a_variable_that_libraries_read_when_they_are_imported_does() -> None:
    assert imported_alike({**os.environ, **ONE_THREAD, "GRADIO_TEMP_DIR": "/elsewhere"}) == ()
