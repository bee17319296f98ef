"""The commands of `pantau-agent`: parsing of options, what they print, and their exit codes."""
