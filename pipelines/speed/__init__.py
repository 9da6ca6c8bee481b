"""Speed on this machine, every figure beside that of a peer measured in the same minutes."""
