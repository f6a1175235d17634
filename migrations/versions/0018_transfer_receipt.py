"""The day of an outside system's receipt

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('transfer', sa.Column('receipt_on', sa.Date(), nullable=True))


def downgrade() -> None:
    op.drop_column('transfer', 'receipt_on')
