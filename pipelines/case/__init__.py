"""One case: from its volume to pose, verdict, plan and all its files."""
