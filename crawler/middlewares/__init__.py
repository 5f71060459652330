"""Manners towards a host: what may be asked, when, and what of an answer is used."""
