"""How a finished run is shown: one file a format, each pure, registered in `registry`."""
