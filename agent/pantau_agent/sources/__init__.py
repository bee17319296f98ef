"""The kinds of source behind one interface: what a camera URL of each scheme is watched through."""
