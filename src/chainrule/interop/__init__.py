"""Out into other worlds and in from them: one file each, imported only when asked for."""
