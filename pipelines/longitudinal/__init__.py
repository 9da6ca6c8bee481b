"""Change between the sessions of a participant, measured in one frame that favours no session."""
