"""What is reported, and when: changed states at once, a batch of samples each interval, snapshots when due."""
