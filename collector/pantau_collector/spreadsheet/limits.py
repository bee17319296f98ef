"""The limits of a spreadsheet, which comes from outside and may be damaged or hostile."""

MAX_BYTES = 50_000_000
"""Bytes of the file at most."""

MAX_UNPACKED_BYTES = 500_000_000
"""Bytes of all parts of a workbook that is an archive, as the archive states them."""

MAX_ROWS = 200_000
"""Rows of a sheet at most, up to the last one that is not empty."""

LAST_ROW = 1_048_576
"""The last row of spreadsheet programs, down to which some write blank ones."""

MAX_SHEETS = 200
"""Sheets of a workbook."""

MAX_COLUMNS = 1_000
"""Columns up to the last cell of a row that is not empty."""

MAX_CELL = 10_000
"""Characters of a workbook's cell that are kept; no value of an inventory is as long."""

HEADER_WITHIN = 20
"""Rows from the top among which the header must be."""

MAX_CELLS = 4_000_000
"""Cells of a sheet that are not empty; and texts that the cells of a workbook share."""

MAX_CHARACTERS = 100_000_000
"""Characters of all cells of a sheet; and of all texts that the cells of a workbook share."""

MAX_LINE = 1_000_000
"""Characters of a line of CSV."""

MAX_LINES_OF_ROW = 1_000
"""Lines over which the values of one row of CSV may go on."""

MAX_MEMORY_BYTES = 1_000_000_000
"""Bytes of address space of the process that reads a workbook."""

MAX_CPU_S = 40
"""Seconds of computing that reading a workbook may take; the largest that is allowed takes 10."""

EXIT_OUT_OF_MEMORY = 3
"""Exit status of that process when Python's own allocator reaches the limit; native code aborts instead."""
