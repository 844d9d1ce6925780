"""bakec report: shows the report of a run that is over, in any format."""
