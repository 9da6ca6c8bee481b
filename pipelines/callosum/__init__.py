"""The callosum on slices: the network from afar and closely, and how callosum-like an answer is."""
