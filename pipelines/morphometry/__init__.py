"""Measures of the outline of the callosum; docs/reference/measures.md defines each."""
