"""Late forms on the member and in the tally; progress by day

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

COUNTS = (
    'members', 'new_members', 'with_scan', 'late', 'overdue', 'due_soon', 'missing',
    'not_twelve_digits', 'unknown_province', 'year_mismatch', 'outside_prefix', 'released',
)


def upgrade() -> None:
    op.add_column('member', sa.Column('scan_late', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute(
        "UPDATE member SET scan_late = (1 = 1) WHERE id IN"
        " (SELECT member_id FROM scan WHERE state = 'current' AND late)"
    )
    op.add_column('tally', sa.Column('late', sa.Integer(), server_default='0', nullable=False))
    op.execute(
        "UPDATE tally SET late = (SELECT count(*) FROM member WHERE member.branch_id = tally.branch_id"
        " AND is_new_member AND scan_late AND left_at IS NULL)"
    )
    for name, columns, where, true_where in (
        ('ix_member_irregular', ['branch_id', 'irregularity'], *(['irregularity IS NOT NULL AND left_at IS NULL'] * 2)),
        ('ix_member_scan_late', ['branch_id'], 'scan_late = 1 AND left_at IS NULL', 'scan_late AND left_at IS NULL'),
    ):
        op.create_index(
            name, 'member', columns, unique=False,
            sqlite_where=sa.text(where), postgresql_where=sa.text(true_where),
        )
    op.create_index(
        'ix_member_branch_id_joined', 'member',
        ['branch_id', 'joined', 'is_new_member', 'has_scan', 'scan_late', 'irregularity', 'due_date', 'left_at'],
        unique=False,
    )
    op.create_table('progress_day',
    sa.Column('organisation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    *(sa.Column(name, sa.Integer(), nullable=False) for name in COUNTS),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_progress_day_organisation_id_organisation')),
    sa.PrimaryKeyConstraint('organisation_id', 'day', name=op.f('pk_progress_day'))
    )


def downgrade() -> None:
    op.drop_table('progress_day')
    for name in ('ix_member_branch_id_joined', 'ix_member_scan_late', 'ix_member_irregular'):
        op.drop_index(name, table_name='member')
    op.drop_column('tally', 'late')
    op.drop_column('member', 'scan_late')
