"""Counts of joining months, and of the forms that were checked

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None

KINDS = ('missing', 'not_twelve_digits', 'unknown_province', 'year_mismatch', 'outside_prefix', 'released')
COUNTS = ('members', 'new_members', 'with_scan', 'checked', 'late', *KINDS)


def upgrade() -> None:
    op.add_column('member', sa.Column('scan_checked', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute(
        "UPDATE member SET scan_checked = (1 = 1) WHERE id IN (SELECT scan.member_id FROM scan"
        " JOIN scan_check ON scan_check.scan_id = scan.id AND scan_check.ended_at IS NULL"
        " WHERE scan.state = 'current')"
    )
    op.add_column('tally', sa.Column('checked', sa.Integer(), server_default='0', nullable=False))
    op.execute(
        "UPDATE tally SET checked = (SELECT count(*) FROM member WHERE member.branch_id = tally.branch_id"
        " AND is_new_member AND scan_checked AND left_at IS NULL)"
    )
    op.create_table('month_tally',
    sa.Column('part_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('joined', sa.Date(), nullable=False),
    *(
        sa.Column(name, sa.Integer(), nullable=False, server_default='0' if name in ('checked', 'late') else None)
        for name in COUNTS
    ),
    sa.ForeignKeyConstraint(['part_id'], ['organisation.id'], name=op.f('fk_month_tally_part_id_organisation')),
    sa.PrimaryKeyConstraint('part_id', 'joined', name=op.f('pk_month_tally'))
    )
    # The parts right below the top; where the top itself holds members, it is its own part.
    sums = {
        'members': '1 = 1',
        'new_members': 'is_new_member',
        'with_scan': 'is_new_member AND has_scan',
        'checked': 'is_new_member AND scan_checked',
        'late': 'is_new_member AND scan_late',
        **{kind: f"irregularity = '{kind}'" for kind in KINDS},
    }
    op.execute(
        f"INSERT INTO month_tally (part_id, joined, {', '.join(COUNTS)})"
        f" SELECT part.id, joined, {', '.join(f'sum(CASE WHEN {sums[name]} THEN 1 ELSE 0 END)' for name in COUNTS)}"
        " FROM organisation AS part JOIN organisation AS branch ON branch.id = part.id OR part.parent_id IS NOT NULL"
        " AND branch.path >= part.path AND branch.path < substr(part.path, 1, length(part.path) - 1) || '0'"
        " JOIN member ON member.branch_id = branch.id AND left_at IS NULL"
        " WHERE part.parent_id IS NULL OR part.parent_id IN (SELECT id FROM organisation WHERE parent_id IS NULL)"
        " GROUP BY part.id, joined"
    )


def downgrade() -> None:
    op.drop_table('month_tally')
    op.drop_column('tally', 'checked')
    op.drop_column('member', 'scan_checked')
