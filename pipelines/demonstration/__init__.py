"""The head of the demo and its true pose."""
