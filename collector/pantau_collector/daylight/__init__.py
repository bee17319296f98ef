"""Which picture of a day shows most: pictures of projects are measured, in a process of its own."""
