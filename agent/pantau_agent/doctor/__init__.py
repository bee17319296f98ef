"""`pantau-agent doctor`: one module per check of what may be wrong at a site."""
