"""The subcommands of `pantau-collector`, a module for each group."""
