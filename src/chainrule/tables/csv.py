"""CSV and TSV: every value is text first, so that what a column is does not depend on where a file
is cut into blocks."""

import codecs
import re
from collections.abc import Iterable, Iterator, Sequence
from csv import reader
from io import StringIO
from pathlib import Path
from typing import Any

from chainrule.errors import DataError, quoted
from chainrule.models.gaps import LONGEST_GAP, MOST_GAPS
from chainrule.tables.arrow import arrow, cut, readable, unique_names
from chainrule.tables.block import ArrowBlock

__all__ = ["MISSING", "CsvSource"]

MISSING = ("", "NA", "N/A", "NaN", "nan", "NULL", "null", "None", "?", "-", "#N/A")
"""What stands for a value that is not there, unless other texts are given."""

DELIMITERS = (",", ";", "\t", "|")
LONGEST = 2**24
"""Characters of the first line: some million columns."""

BLOCK_BYTES = 2**20


class CsvSource:
    """A CSV file. The delimiter is the one of comma, semicolon, tab and bar that the first line has
    most of; the encoding is UTF-8, with or without a byte-order mark, unless it is given; the texts
    of ``missing`` stand for a value that is not there, and no others."""

    n_rows: int | None = None  # only reading tells
    typed = False

    def __init__(
        self,
        path: Path,
        delimiter: str | None = None,
        encoding: str = "utf-8",
        header: bool = True,
        missing: Sequence[str] = MISSING,
    ) -> None:
        arrow()
        self.missing = _texts(missing)
        self.path, self.name, self.encoding, self.header = path, str(path), encoding, header
        first = self._first_line()
        self.block_bytes = max(BLOCK_BYTES, 8 * len(first))  # a row or more, in any encoding
        outside = re.sub(r'"[^"]*"', "", first)  # what is in quotes divides nothing
        self.delimiter = delimiter or max(DELIMITERS, key=outside.count)
        if len(self.delimiter) != 1 or self.delimiter in '"\r\n':
            raise DataError(
                f"Required one character as a delimiter, such as ';'; came "
                f"{quoted(self.delimiter)}."
            )
        cells = next(reader(StringIO(first), delimiter=self.delimiter), [])
        self.first = tuple(cells)  # names, or values
        if header:
            self._check_header(cells)
        else:
            cells = [f"x{at}" for at in range(1, len(cells) + 1)]
        self.names = unique_names(cells, self.name)

    def _first_line(self) -> str:
        try:
            if codecs.lookup(self.encoding).name == "utf-8":  # however it is written: UTF8, utf_8
                self.encoding = "utf-8"
            encoding = "utf-8-sig" if self.encoding == "utf-8" else self.encoding
            with self.path.open(encoding=encoding, newline="") as file:
                text = file.readline(LONGEST).rstrip("\r\n")
        except UnicodeError:
            raise self._not_decoded() from None
        except LookupError:
            raise DataError(f"Unknown encoding {quoted(self.encoding)}: try 'latin-1'.") from None
        if text.count('"') % 2:
            raise DataError(f"{self.path}: a column's name may not go on over the end of line 1.")
        if "\0" in text:
            raise DataError(f"{self.path} is not text: its first line has a zero byte.")
        return text

    def _not_decoded(self) -> DataError:
        with self.path.open("rb") as file:
            marked = file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        known = "utf-16" if marked else "latin-1"
        return DataError(
            f"{self.path}: required text in {self.encoding}, came other bytes. Say what it is in, "
            f"such as encoding='{known}' (--encoding {known})."
        )

    def _check_header(self, cells: list[str]) -> None:
        if cells and all(map(_is_number, cells)):
            some = ", ".join(cell[:20] for cell in cells[:5])
            raise DataError(
                f"{self.path}: required the columns' names in the first line, came numbers: "
                f"{some}. Add a line of names, or say header=False "
                "(--no-header): the columns are then x1, x2, ..."
            )
        if empty := [at for at, cell in enumerate(cells, 1) if not cell.strip()]:
            raise DataError(f"{self.path}: the name of column {empty[0]} is empty in line 1.")

    def blocks(
        self, rows: int, *, start: int = 0, columns: Sequence[str] | None = None
    ) -> Iterator[ArrowBlock]:
        pa = arrow()
        from pyarrow import csv

        chosen = list(self.names if columns is None else columns)
        with readable(self.path, "CSV"):
            try:
                opened = csv.open_csv(
                    self.path,
                    csv.ReadOptions(
                        column_names=self.names,
                        skip_rows=1 if self.header else 0,
                        encoding="utf8" if self.encoding == "utf-8" else self.encoding,
                        block_size=self.block_bytes,
                        use_threads=False,
                    ),
                    csv.ParseOptions(
                        delimiter=self.delimiter,
                        newlines_in_values=True,
                        # of a single column, an empty line is a value that is not there
                        ignore_empty_lines=len(self.names) > 1,
                    ),
                    csv.ConvertOptions(
                        column_types=dict.fromkeys(self.names, pa.string()),
                        null_values=list(self.missing),
                        strings_can_be_null=True,
                        include_columns=list(dict.fromkeys([*chosen, self.names[-1]])),
                    ),
                )
                whole = self._all_closed(opened)
                yield from cut((each.select(chosen) for each in whole), rows, start, self.name)
            except pa.ArrowInvalid as error:
                raise self._explained(error) from error

    def _all_closed(self, batches: Iterable[Any]) -> Iterator[Any]:
        """The batches, unless the last value's quotes are never closed: it is then the rest of the
        file. In any column but the last, the line has too few values, which Arrow refuses."""
        seen, last = 0, None
        for batch in batches:
            if batch.num_rows:
                seen, last = seen + batch.num_rows, batch.column(self.names[-1])[-1].as_py()
            yield batch
        if last is not None and "\n" in last.replace("\r", "\n") and not self._ends_in_quotes():
            raise DataError(
                f"{self.path}, row {seen}: the quotes before {last.strip()[:40]!r} are never "
                "closed, so that all lines after them are one value. Close them, or write two "
                'where one is meant ("").'
            )

    def _ends_in_quotes(self) -> bool:
        with self.path.open("rb") as file:
            file.seek(max(self.path.stat().st_size - 64, 0))
            # zero bytes are of an encoding with several to a character
            return file.read().rstrip(b"\r\n\t \0").endswith(b'"')

    def _explained(self, error: Any) -> DataError:
        said = " ".join(str(error).split())
        if "utf8" in said.lower() or "UTF8" in said:
            return self._not_decoded()
        if "Empty CSV" in said or "Could not skip initial" in said:
            return DataError(f"{self.path} has a line of names and no rows.")
        if "straddling" in said:  # a row without an end in a whole block
            return DataError(
                f"{self.path}: required rows of less than {self.block_bytes / 2**20:.0f} MiB; came "
                'a longer one. Mostly a value begins with a quote (") that is never closed, and '
                'all lines after it are part of it: close it, or write two where one is meant ("").'
            )
        return DataError(
            f"{self.path}: {said[:300]}. Each line needs {len(self.names)} values, as the first "
            f"has, divided by {self.delimiter!r}; a value with the delimiter in it is put in "
            'quotes ("..."), and a quote that is not closed takes the next lines into its value.'
        )


def _texts(missing: Any) -> tuple[str, ...]:
    several = isinstance(missing, Sequence) and not isinstance(missing, str)
    if not several or not all(isinstance(text, str) for text in missing):
        raise DataError(
            "missing: required a list of the texts that stand for a value that is not there, such "
            f"as ['', '-99']; came {missing!r:.60}."
        )
    long = max(map(len, missing), default=0)
    if len(missing) > MOST_GAPS or long > LONGEST_GAP:
        raise DataError(
            f"missing: required at most {MOST_GAPS:,} texts of at most {LONGEST_GAP} characters; "
            f"came {len(missing):,}, the longest of {long:,}. Change the file itself."
        )
    for text in missing:
        if not _is_unicode(text):
            raise DataError(f"missing: required texts of whole characters; came {text!r:.60}.")
    return tuple(missing)


def _is_unicode(text: str) -> bool:
    """Whether it can be written: of bytes that are no text, a command line makes characters that
    are none."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
