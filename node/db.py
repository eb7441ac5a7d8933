"""What belongs to this node beside its replica: its campus, and what it was handed at the start."""

from __future__ import annotations

from typing import cast

from flask import current_app, g

from node.config import NodeConfig
from shared.web.db import db
from sync.replica import setting


def config() -> NodeConfig:
    """What this node was handed."""
    return cast(NodeConfig, current_app.extensions["tongxin_node"])


def campus() -> str:
    """The code of this node's campus; empty before it is enrolled."""
    if "node_campus" not in g:
        g.node_campus = setting(db(), "campus")
    return str(g.node_campus)


def is_enrolled() -> bool:
    """True once this node knows its hub."""
    if "node_enrolled" not in g:
        g.node_enrolled = bool(setting(db(), "hub_node"))
    return bool(g.node_enrolled)
