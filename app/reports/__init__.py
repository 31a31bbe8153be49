"""CSV and XLSX reports of fixed columns, streamed; UTC; exact decimals.

table      Report: columns with kinds, and rows as they come
scope      which offers the asking company may see
timelines  timelines at an instant            offers   an offer's prices, read once
lcr, changes, deck, quality, coverage         one report a file
catalogue  name -> report: title, filters, builder
write_csv, write_xlsx, write_json             the same rows in three forms
chart      a few bars out of the rows shown
views, api, cli, forms                        the browser, programs, the terminal
"""
