"""`pantau-agent discover`: finds cameras on the network, and proposes how to configure them."""
