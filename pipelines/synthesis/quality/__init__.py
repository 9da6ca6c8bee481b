"""Quality of generated scans: likeness, variety, faithful masks, and no copies."""
