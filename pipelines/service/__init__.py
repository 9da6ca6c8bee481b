"""Work that arrives: a folder that is watched, and a node that images are sent to."""
