"""Evaluation: a model's masks and poses beside those of the data, by case and by site."""
