"""The scan plan: stacks, their text, the head they cover, plan.json and its picture."""
