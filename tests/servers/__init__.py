"""The real servers that tests run against, each on a free loopback port of its own."""
