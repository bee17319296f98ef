"""Who may sign in, who has, and who did what: on the state's rows, for the web pages and the commands alike."""
