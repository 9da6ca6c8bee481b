"""Generation: labelled synthetic scans, from made anatomy or by a generator."""
