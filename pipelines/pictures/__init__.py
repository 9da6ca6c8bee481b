"""Pictures of a case: overlay, parts, thumbnail, what the review page shows, and their words."""
