"""`Source` to `Calib` and all that is wrong: schema, type rules, identity, validity, the whole set."""
