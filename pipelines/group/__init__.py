"""The group level: all sessions of a dataset in one table and on one page."""
