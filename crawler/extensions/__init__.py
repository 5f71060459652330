"""Extensions: stop signals, progress, exports and the report of a run."""
