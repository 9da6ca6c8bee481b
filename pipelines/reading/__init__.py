"""Cases in: what is among the inputs, which can be planned on, and why others cannot."""
