"""How large a model file and its parts may be: checked before anything is allocated.

Each is far above what a multilayer perceptron needs, and low enough that a hostile file
costs little: a header at its cap becomes about a hundred megabytes of Python objects for
a moment, and arrays take no more memory than the file has bytes.
"""

MAX_MODEL_BYTES = 4 * 2**30
"""The whole file, where the reader gives no cap of its own: 2^30 float32 numbers."""

MAX_HEADER_BYTES = 2 * 2**20
"""The JSON header of the safetensors container, the model's own header within it."""

MAX_JSON_DEPTH = 24
"""Nested lists and objects."""

MAX_DIGITS = 20
"""Digits of a whole number in the header: enough for 64 bits."""

MAX_TENSORS = 10_000
"""Arrays in one file."""

MAX_LAYERS = 1_000
"""Layers of one network, the output's included."""

MAX_STEPS = 100
"""Steps of a Pipeline before its network."""

MAX_TEXT_BYTES = 256 * 2**20
"""An array of labels or names, as NumPy holds it: four bytes a character."""
