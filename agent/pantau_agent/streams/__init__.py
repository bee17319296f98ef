"""What all protocols share: URLs, credentials, logins, header fields, keyframes, counts and failures."""
