"""What stands behind `tongxin`: `line` reads it, `node`, `hub` and `log` do it, `serving` keeps a server up.

Thin: everything done here is a function of `sync`, `node` or `hub` that a page calls as well.
"""
