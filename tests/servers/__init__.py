"""The real servers that tests run against, each on its own free loopback port."""
