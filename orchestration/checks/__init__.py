"""What guards a day: Great Expectations suites, the unit tests of the rules, and the gate before publishing."""
