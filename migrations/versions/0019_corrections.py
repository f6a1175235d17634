"""Reports of errors in a member's own data

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
FIELDS = ('name', 'id_number', 'ethnicity', 'political_status', 'education', 'fee', 'joined', 'number', 'is_student')
STATES = ('open', 'taken', 'declined', 'withdrawn')


def upgrade() -> None:
    op.create_table('correction',
    sa.Column('id', ID, nullable=False),
    sa.Column('member_id', ID, nullable=False),
    sa.Column('field', sa.Enum(*FIELDS, name='correctionfield', native_enum=False, length=24), nullable=False),
    sa.Column('proposed_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('remark', sa.String(length=200), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.Enum(*STATES, name='correctionstate', native_enum=False, length=24), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_by_id', ID, nullable=True),
    sa.Column('answer', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['member_id'], ['member.id'], name=op.f('fk_correction_member_id_member')),
    sa.ForeignKeyConstraint(['decided_by_id'], ['account.id'], name=op.f('fk_correction_decided_by_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_correction'))
    )
    op.create_index(
        'uq_correction_open', 'correction', ['member_id', 'field'], unique=True,
        sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index('ix_correction_member_id', 'correction', ['member_id', 'id'])


def downgrade() -> None:
    op.drop_table('correction')
