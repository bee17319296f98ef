"""Reports: what became of each camera's time in a month, what it costs the party, and what changed since.

`document` says what a report is, as data; `assemble` makes it of the ledger; one module for each format shows it.
"""
