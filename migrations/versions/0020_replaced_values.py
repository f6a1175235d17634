"""What stood in a field until a member's report of an error was taken over

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('correction', sa.Column('replaced_sealed', sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column('correction', 'replaced_sealed')
