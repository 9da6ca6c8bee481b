"""How far a plan may be off: bounds that hold for 95 % of cases like it."""
