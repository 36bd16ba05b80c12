"""PartiQL: statements are read, and done by the operations on items that there are already."""
