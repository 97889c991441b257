"""Tests leave no trace, and find none: compiled programs go to a folder of this session's own.

It is named in the environment before jax is imported, so that the processes which tests
start share it; a cache that the user has set up for jax is neither read nor written.
"""

import atexit
import os
import shutil
import tempfile

_FOLDER = tempfile.mkdtemp(prefix="chainrule-tests-")
atexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)
os.environ["CHAINRULE_CACHE"] = _FOLDER
os.environ.pop("JAX_COMPILATION_CACHE_DIR", None)
