"""One complete, runnable YAML per experiment, and the JSON schema of plan.json."""
