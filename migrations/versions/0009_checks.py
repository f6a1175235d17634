"""Checks of forms, and rounds of them

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
CHOICES = ('all', 'unchecked', 'with_findings', 'some_of_each', 'share')


def upgrade() -> None:
    # New tables alone: that of the scans, which is large, stays as it is.
    op.create_table('check_round',
    sa.Column('id', ID, nullable=False),
    sa.Column('organisation_id', ID, nullable=False),
    sa.Column('below_id', ID, nullable=False),
    sa.Column('made_by_id', ID, nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('choice', sa.Enum(*CHOICES, name='roundchoice', native_enum=False, length=24), nullable=False),
    sa.Column('amount', sa.Integer(), nullable=True),
    sa.Column('seed', sa.Integer(), nullable=False),
    sa.Column('first_month', sa.Date(), nullable=True),
    sa.Column('last_month', sa.Date(), nullable=True),
    sa.Column('total', sa.Integer(), nullable=False),
    sa.Column('token', sa.String(length=40), nullable=False),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_check_round_organisation_id_organisation')),
    sa.ForeignKeyConstraint(['below_id'], ['organisation.id'], name=op.f('fk_check_round_below_id_organisation')),
    sa.ForeignKeyConstraint(['made_by_id'], ['account.id'], name=op.f('fk_check_round_made_by_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_check_round')),
    sa.UniqueConstraint('token', name=op.f('uq_check_round_token'))
    )
    op.create_index('ix_check_round_organisation_id_id', 'check_round', ['organisation_id', 'id'])
    op.create_table('scan_check',
    sa.Column('id', ID, nullable=False),
    sa.Column('scan_id', ID, nullable=False),
    sa.Column('member_id', ID, nullable=False),
    sa.Column('round_id', ID, nullable=True),
    sa.Column('organisation_id', ID, nullable=False),
    sa.Column('checked_by_id', ID, nullable=False),
    sa.Column('checked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('kinds', sa.String(length=100), nullable=False),
    sa.Column('pages', sa.JSON(), nullable=False),
    sa.Column('remark', sa.String(length=200), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('undone_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['scan_id'], ['scan.id'], name=op.f('fk_scan_check_scan_id_scan')),
    sa.ForeignKeyConstraint(['member_id'], ['member.id'], name=op.f('fk_scan_check_member_id_member')),
    sa.ForeignKeyConstraint(['round_id'], ['check_round.id'], name=op.f('fk_scan_check_round_id_check_round')),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_scan_check_organisation_id_organisation')),
    sa.ForeignKeyConstraint(['checked_by_id'], ['account.id'], name=op.f('fk_scan_check_checked_by_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_scan_check'))
    )
    op.create_index(
        'uq_scan_check_standing', 'scan_check', ['scan_id'], unique=True,
        sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'),
    )
    op.create_index('ix_scan_check_scan_id', 'scan_check', ['scan_id'])
    op.create_index('ix_scan_check_member_id_id', 'scan_check', ['member_id', 'id'])
    op.create_index('ix_scan_check_round_id_id', 'scan_check', ['round_id', 'id'])
    op.create_table('check_item',
    sa.Column('round_id', ID, nullable=False),
    sa.Column('place', sa.Integer(), nullable=False),
    sa.Column('member_id', ID, nullable=False),
    sa.Column('state', sa.Enum('waiting', 'done', 'gone', name='itemstate', native_enum=False, length=24), nullable=False),
    sa.Column('taken_by_id', ID, nullable=True),
    sa.Column('taken_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('check_id', ID, nullable=True),
    sa.ForeignKeyConstraint(['round_id'], ['check_round.id'], name=op.f('fk_check_item_round_id_check_round')),
    sa.ForeignKeyConstraint(['member_id'], ['member.id'], name=op.f('fk_check_item_member_id_member')),
    sa.ForeignKeyConstraint(['taken_by_id'], ['account.id'], name=op.f('fk_check_item_taken_by_id_account')),
    sa.ForeignKeyConstraint(['check_id'], ['scan_check.id'], name=op.f('fk_check_item_check_id_scan_check')),
    sa.PrimaryKeyConstraint('round_id', 'place', name=op.f('pk_check_item'))
    )
    op.create_index('ix_check_item_round_id_state', 'check_item', ['round_id', 'state', 'place'])


def downgrade() -> None:
    op.drop_table('check_item')
    op.drop_table('scan_check')
    op.drop_table('check_round')
