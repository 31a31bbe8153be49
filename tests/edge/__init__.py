"""The real edge, started as a process on a free port and asked over sockets."""
