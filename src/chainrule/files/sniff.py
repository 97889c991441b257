"""Guess what a file is that is not a model file, for the error to say so."""

__all__ = ["kind_of"]

_SIGNS = (
    (b"\x80", "a pickle, which would run code: it is not opened"),
    (b"PK", "a zip archive (an .npz, a PyTorch file or a workbook)"),
    (b"\x93NUMPY", "an .npy array"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x89HDF", "an HDF5 file"),
    (b"version https://git-lfs", "a Git LFS pointer (fetch the file itself with git lfs pull)"),
    (b"<", "HTML or XML (perhaps a download page saved in place of the file)"),
    (b"{", "JSON text"),
)


def kind_of(start: bytes, size: int) -> str:
    """What a file of ``size`` bytes with this start looks like."""
    if not size:
        return "an empty file"
    # a safetensors file can start with any byte, but then has a "{" after the length
    if start[8:9] == b"{" and not start[5:8].strip(b"\0"):
        return f"a header of {int.from_bytes(start[:8], 'little')} bytes in a file of {size}"
    for sign, kind in _SIGNS:
        if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(sign):
            return kind
    return f"a file of {size} bytes that starts with {start[:8]!r}"
