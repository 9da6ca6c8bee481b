"""Lightning callbacks of `fit`: where weights come from, and what a run leaves."""
