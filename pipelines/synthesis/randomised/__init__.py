"""Domain randomisation: synthetic pairs from masks and coarse anatomy, nothing trained."""
