"""Training data: slices with masks, the procedural phantom, batched augmentation."""
