"""Morphometry: what is measured on the outline of the callosum. Defined in docs/measures.md."""
