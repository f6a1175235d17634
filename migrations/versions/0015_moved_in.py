"""Members who come from outside

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('joining', sa.Column('moved_in', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column('joining', sa.Column('former_place', sa.String(length=2), nullable=True))
    op.add_column('joining', sa.Column('former_organisation', sa.String(length=100), nullable=True))
    op.add_column('joining', sa.Column('proof', sa.String(length=24), nullable=True))
    op.add_column('joining', sa.Column('proof_number', sa.String(length=40), nullable=True))
    op.add_column('joining', sa.Column('proof_on', sa.Date(), nullable=True))
    op.add_column('member', sa.Column('former_place', sa.String(length=2), nullable=True))
    op.add_column('member', sa.Column('former_organisation', sa.String(length=100), nullable=True))


def downgrade() -> None:
    op.drop_column('member', 'former_organisation')
    op.drop_column('member', 'former_place')
    op.drop_column('joining', 'proof_on')
    op.drop_column('joining', 'proof_number')
    op.drop_column('joining', 'proof')
    op.drop_column('joining', 'former_organisation')
    op.drop_column('joining', 'former_place')
    op.drop_column('joining', 'moved_in')
