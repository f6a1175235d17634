"""The blueprint that the views of joining attach to."""

from flask import Blueprint

blueprint = Blueprint("joining", __name__)
