"""Networks as plain modules, their Lightning modules, losses and shipped weights.

Nothing is imported here: `callosal.models.errors` has to load without torch.
"""
