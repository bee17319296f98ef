"""How a document looks: blocks of text, tables, figures and pictures, to one HTML file or to a PDF.

    document = Document(title="...", language="id", footer="...", blocks=(Heading("..."), Table(...), ...))
    to_html(document)     # bytes: one file, no script, no request to anyone
    to_pdf(document)      # bytes: vector figures, embedded fonts

The same document gives the same bytes. Texts may come from anyone: each becomes a printable line, and is escaped.
"""
