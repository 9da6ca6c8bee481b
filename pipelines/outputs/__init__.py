"""The run folder: its files, case names, tables, locks and how files are written."""
