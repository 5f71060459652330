"""The git transport: reads pages from a clone of the mirror's repository."""
