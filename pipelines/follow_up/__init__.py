"""The plan of a follow-up in the frame of the first visit."""
