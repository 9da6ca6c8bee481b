"""The commands of the `callosal` console script, one typed function per file."""
