"""The batch driver: cases in, one folder a case out, tables and records of the run."""
