"""What people do about cameras and outages: the rules that commands and pages share."""
