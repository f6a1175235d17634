"""Identity codes that were answered

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table('answered_code',
    sa.Column('code_hash', sa.LargeBinary(length=32), nullable=False),
    sa.Column('member_id', ID, nullable=False),
    sa.Column('first_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('times', sa.Integer(), nullable=False),
    sa.Column('used_by', sa.LargeBinary(length=32), nullable=True),
    sa.ForeignKeyConstraint(['member_id'], ['member.id'], name=op.f('fk_answered_code_member_id_member')),
    sa.PrimaryKeyConstraint('code_hash', name=op.f('pk_answered_code'))
    )
    op.create_index('ix_answered_code_member_id_first_at', 'answered_code', ['member_id', 'first_at'])
    op.create_index('ix_answered_code_first_at', 'answered_code', ['first_at'])


def downgrade() -> None:
    op.drop_table('answered_code')
