"""A feed looked at: coverage, oddities, floors."""
